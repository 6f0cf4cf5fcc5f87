package rules_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/internal/rules"
	"github.com/bellwether/bellwether/models"
)

const head = "kind: rule/v1.2\nspec:\n  rules:\n"

// messages returns the problems that Parse finds in text.
func messages(t *testing.T, text string) []string {
	t.Helper()
	_, err := rules.Parse(text)
	var inv *models.Invalid
	require.ErrorAs(t, err, &inv, "for %q", text)
	var out []string
	for _, f := range inv.Fields {
		require.Equal(t, "definition", f.Field)
		out = append(out, f.Message)
	}
	return out
}

func TestDefinitionOfTestanyIsRead(t *testing.T) {
	t.Parallel()
	plan, err := rules.Parse(`kind: rule/v1.2
spec:
  rules:
    - run: '04E41DDE'                 # login
    - run: "FAFC249A"
      whenPassed: '04E41DDE'
      expect: fail
    - run: 43D41CA4
      whenPassed: FAFC249A
      expect: pass
    - {run: '8FF75E7F', whenFailed: '04E41DDE'}
`)
	require.NoError(t, err)
	require.Equal(t, rules.Plan{Version: "rule/v1.2", Rules: []rules.Rule{
		{Case: "04E41DDE", Parent: -1, When: rules.Always, Line: 4},
		{Case: "FAFC249A", Parent: 0, When: rules.Passed, ExpectFail: true, Line: 5},
		{Case: "43D41CA4", Parent: 1, When: rules.Passed, Line: 8},
		{Case: "8FF75E7F", Parent: 0, When: rules.Failed, Line: 11},
	}}, plan)
}

func TestKeysWithoutQuotesAreTakenLiterally(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"00000001", "12345678", "1E100000", "0000A3F1", "00000E10"} {
		plan, err := rules.Parse(head + "    - run: " + key + "\n    - run: FFFFFFFF\n      whenPassed: " + key + "\n")
		require.NoError(t, err)
		require.Equal(t, []string{key, "FFFFFFFF"}, plan.CaseKeys())
		require.Equal(t, 0, plan.Rules[1].Parent)
	}
}

func TestHarmlessVariationsAreAccepted(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"byte order mark":  "\ufeff" + rules.Sequential([]string{"00000001"}),
		"CRLF":             strings.ReplaceAll(rules.Sequential([]string{"00000001"}), "\n", "\r\n"),
		"document start":   "---\n" + rules.Sequential([]string{"00000001"}),
		"document end":     rules.Sequential([]string{"00000001"}) + "...\n",
		"comments":         "# our pipeline\n\n" + rules.Sequential([]string{"00000001"}) + "# the end\n\t# tabbed\n",
		"JSON":             `{"kind": "rule/v1.2", "spec": {"rules": [{"run": "00000001"}]}}`,
		"spec before kind": "spec:\n  rules:\n  - run: '00000001'\nkind: rule/v1.2\n",
	} {
		plan, err := rules.Parse(text)
		require.NoError(t, err, name)
		require.Equal(t, []string{"00000001"}, plan.CaseKeys(), name)
	}
}

func TestBadDefinitionsAreRefusedWithPlaceReasonAndMend(t *testing.T) {
	t.Parallel()
	const a, b = "    - run: '0000000A'\n", "    - run: '0000000B'\n"
	for name, tc := range map[string]struct{ text, want string }{
		"empty":               {"", "line 1, column 1: the definition is empty; start with kind: rule/v1.2"},
		"only a comment":      {"# later\n", "line 1, column 1: the definition is empty; start with kind: rule/v1.2"},
		"only a marker":       {"---\n", "line 2, column 1: the definition is empty, but must have the keys kind, spec"},
		"not a mapping":       {"- run: '0000000A'\n", "line 1, column 1: the definition is a list, but must have the keys kind, spec"},
		"a word":              {"hello", `line 1, column 1: the definition is the single value "hello", but must have the keys kind, spec`},
		"kind missing":        {"spec:\n  rules:\n" + a, "line 1, column 1: kind is missing; start with kind: rule/v1.2"},
		"kind v1.3":           {"kind: rule/v1.3\nspec: {}\n", "line 1, column 7: kind rule/v1.3 is not supported by this version; use kind: rule/v1.2"},
		"kind of ours":        {"kind: bellwether/v1\n", "line 1, column 7: kind bellwether/v1 is not supported by this version; use kind: rule/v1.2"},
		"kind unknown":        {"kind: rule/v9\nspec:\n  rules:\n" + a, `line 1, column 7: kind "rule/v9" is not known; use kind: rule/v1.2`},
		"kind a list":         {"kind: [rule/v1.2]\nspec:\n  rules:\n" + a, "line 1, column 7: kind a list is not known"},
		"spec missing":        {"kind: rule/v1.2\n", "line 1, column 1: spec is missing"},
		"spec empty":          {"kind: rule/v1.2\nspec:\n", "line 2, column 6: spec is empty, but must have the keys rules"},
		"rules missing":       {"kind: rule/v1.2\nspec: {}\n", "line 2, column 7: rules is missing"},
		"rules empty":         {"kind: rule/v1.2\nspec:\n  rules: []\n", "line 3, column 10: rules is empty; add at least one rule"},
		"rules null":          {"kind: rule/v1.2\nspec:\n  rules:\n", "line 3, column 9: rules is empty, but must be a list"},
		"rules a mapping":     {"kind: rule/v1.2\nspec:\n  rules:\n    run: '0000000A'\n", "line 4, column 5: rules is a mapping, but must be a list"},
		"rule a key":          {head + "    - '0000000A'\n", `line 4, column 7: a rule is the single value "0000000A", but must have the keys run`},
		"unknown top key":     {"kind: rule/v1.2\nname: x\nspec:\n  rules:\n" + a, `line 2, column 1: the definition does not know the key "name"; use only kind, spec`},
		"unknown spec key":    {"kind: rule/v1.2\nspec:\n  name: x\n  rules:\n" + a, `line 3, column 3: spec does not know the key "name"; use only rules`},
		"parallelism":         {"kind: rule/v1.2\nspec:\n  parallelism: 4\n  rules:\n" + a, "line 3, column 3: parallelism is not supported by this version; remove it: cases run one at a time"},
		"unknown rule key":    {head + a + "      when: '0000000B'\n", `line 5, column 7: a rule does not know the key "when"; use only run, whenPassed, whenFailed, expect`},
		"misspelt rule key":   {head + a + "      whenpassed: '0000000B'\n", `a rule does not know the key "whenpassed"`},
		"complex key":         {head + a + "      ? [x]\n      : y\n", "line 5, column 9: a rule has a list as a key"},
		"relay":               {head + a + b + "      relay:\n        - key: X\n          refKey: 0000000A/Y\n", "line 6, column 7: relay is not supported by this version; remove it"},
		"needs":               {head + a + "      needs: ['0000000B']\n", "line 5, column 7: needs is not supported by this version; remove it"},
		"always":              {head + a + "      always: true\n", "line 5, column 7: always is not supported by this version; remove it"},
		"retries":             {head + a + "      retries: 2\n", "line 5, column 7: retries is not supported by this version; remove it: set retries at the case"},
		"timeout":             {head + a + "      timeout: 2s\n", "line 5, column 7: timeout is not supported by this version; remove it: set timeout_seconds at the case"},
		"duplicate key":       {head + a + "      run: '0000000B'\n", "line 5, column 7: run is given twice (first in line 4); remove one"},
		"duplicate kind":      {"kind: rule/v1.2\nkind: rule/v1.2\nspec:\n  rules:\n" + a, "line 2, column 1: kind is given twice"},
		"run missing":         {head + a + "    - expect: pass\n", "line 5, column 7: run is missing; name the case as run: '<case key>'"},
		"run empty":           {head + "    - run:\n", "line 4, column 11: run has no value"},
		"run lower case":      {head + "    - run: 0000a3f1\n", `line 4, column 12: run is "0000a3f1", but case keys are upper-case; write '0000A3F1'`},
		"run a float":         {head + "    - run: 1E10\n", `line 4, column 12: run is "1E10", which YAML reads as float; give a case key in quotes`},
		"run a short number":  {head + "    - run: 12\n", `line 4, column 12: run is "12", which YAML reads as int; give a case key in quotes`},
		"run a word":          {head + "    - run: 'login'\n", `line 4, column 12: run is "login", but must be a case key: eight upper-case hexadecimal digits`},
		"run a list":          {head + "    - run: ['0000000A']\n", "line 4, column 12: run is a list, but must be one case key"},
		"run a block":         {head + "    - run: |\n        0000000A\n", `line 4, column 12: run is "0000000A\n", but must be a case key`},
		"parent empty":        {head + a + b + "      whenPassed:\n", "line 6, column 18: whenPassed has no value; give a case key such as '0000A3F1' or remove whenPassed"},
		"parents":             {head + a + b + "      whenPassed: ['0000000A']\n", "line 6, column 19: whenPassed is a list, but must be one case key"},
		"both parents":        {head + a + b + "      whenPassed: '0000000A'\n      whenFailed: '0000000A'\n", "line 7, column 19: a rule has either whenPassed or whenFailed; remove one"},
		"own parent":          {head + a + "      whenPassed: '0000000A'\n", "line 5, column 19: whenPassed names the rule's own case 0000000A; name an earlier one"},
		"forward reference":   {head + a + "      whenFailed: '0000000B'\n" + b, "line 5, column 19: whenFailed names case 0000000B, which comes later (line 6); move that rule above this one"},
		"foreign case":        {head + a + "      whenPassed: 'FFFFFFFF'\n", "line 5, column 19: whenPassed names case FFFFFFFF, which this pipeline does not run; add a rule for it above or correct the key"},
		"case twice":          {head + a + b + a, "line 6, column 12: case 0000000A runs already in line 4; a case runs once in a pipeline, so remove one rule"},
		"failed as expected":  {head + a + "      expect: fail\n" + b + "      whenFailed: '0000000A'\n", "line 7, column 19: whenFailed names case 0000000A, which is expected to fail and then counts as passed; use whenPassed"},
		"expect something":    {head + a + "      expect: maybe\n", `line 5, column 15: expect is "maybe", but must be pass or fail`},
		"expect a boolean":    {head + a + "      expect: true\n", `line 5, column 15: expect is "true", but must be pass or fail`},
		"expect nothing":      {head + a + "      expect:\n", `expect is "", but must be pass or fail`},
		"two documents":       {head + a + "---\n" + head + a, "line 5, column 1: a second document begins; keep one"},
		"anchor":              {head + "    - &x\n      run: '0000000A'\n", "line 4, column 7: anchors (&x) are not supported"},
		"alias":               {head + "    - run: &k '0000000A'\n    - run: *k\n", "line 5, column 12: aliases (*k) are not supported; write the value out"},
		"alias of nothing":    {head + "    - run: *k\n", "line 4, column 12: aliases (*k) are not supported; write the value out"},
		"merge key":           {head + a + "      <<: {expect: fail}\n", `a rule does not know the key "<<"`},
		"tag":                 {head + "    - run: !!str 0000000A\n", "line 4, column 12: tags (!!str) are not supported; remove it"},
		"tab":                 {head + "\t- run: '0000000A'\n", "line 4, column 1: a tab indents this line; indent with spaces"},
		"tab after spaces":    {head + a + "    \texpect: fail\n", "line 5, column 5: a tab indents this line"},
		"broken indentation":  {head + a + "   expect: fail\n", "line 5, column 4: this is not YAML"},
		"open quote":          {head + "    - run: '0000000A\n", "line 4, column 5: this is not YAML"},
		"not UTF-8":           {head + "    - run: '\xff'\n", "line 4, column 13: this is not UTF-8 text; save the definition as UTF-8"},
		"control characters":  {head + a + "# \x01\n", "line 5, column 1: this is not YAML: control characters are not allowed"},
		"broken 2nd document": {head + a + "---\n'", "line 6, column 1: this is not YAML"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := messages(t, tc.text)
			require.Contains(t, strings.Join(got, "\n"), tc.want)
			for _, message := range got {
				require.Regexp(t, `(?s)^line [1-9][0-9]*, column [1-9][0-9]*: .+(; |, but must )`, message, "place, reason and mend")
			}
		})
	}
}

func TestAllProblemsAreListedInOrder(t *testing.T) {
	t.Parallel()
	got := messages(t, head+
		"    - run: 'x'\n"+
		"      relay: []\n"+
		"    - run: '0000000B'\n"+
		"      expect: 7\n"+
		"    - run: '0000000C'\n"+
		"      whenPassed: '0000000D'\n")
	require.Len(t, got, 4)
	for i, place := range []string{"line 4, column 12: run", "line 5, column 7: relay", "line 7, column 15: expect", "line 9, column 19: whenPassed"} {
		require.True(t, strings.HasPrefix(got[i], place), "%d: %s", i, got[i])
	}
}

func TestListOfProblemsIsBounded(t *testing.T) {
	t.Parallel()
	got := messages(t, head+strings.Repeat("    - run: nothing\n", 50))
	require.Len(t, got, 21)
	require.Equal(t, "30 more problems are not listed; mend these first", got[20])
}

func TestNumberOfRulesIsBounded(t *testing.T) {
	t.Parallel()
	keys := make([]string, rules.MaxRules+1)
	for i := range keys {
		keys[i] = models.CaseKey(int64(i))
	}
	plan, err := rules.Parse(rules.Sequential(keys[:rules.MaxRules]))
	require.NoError(t, err)
	require.Len(t, plan.Rules, rules.MaxRules)

	got := messages(t, rules.Sequential(keys))
	require.Equal(t, []string{"line 2004, column 7: more than 2000 rules; split the pipeline"}, got)
}

func TestOversizeIsRefusedUnread(t *testing.T) {
	t.Parallel()
	got := messages(t, strings.Repeat("#", models.MaxDefinition+1))
	require.Equal(t, []string{"line 1, column 1: the definition has 1048577 bytes, but 1048576 are the most; split the pipeline"}, got)
}

// hostile inputs have the largest size and would be slow or large if anything were expanded.
func TestHostileInputEndsQuickly(t *testing.T) {
	t.Parallel()
	fill := func(part string) string { return strings.Repeat(part, models.MaxDefinition/len(part)) }
	var bomb strings.Builder
	bomb.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x]\n")
	for i := 1; i < 200; i++ {
		fmt.Fprintf(&bomb, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 9), ","))
	}
	for name, text := range map[string]string{
		"alias bomb":      bomb.String(),
		"open brackets":   fill("["),
		"open braces":     fill("{a: "),
		"nested lists":    fill("- "),
		"question marks":  fill("? "),
		"comments":        fill("#\n"),
		"colons":          fill(":"),
		"blank lines":     fill("\n"),
		"documents":       fill("---\n"),
		"anchors":         fill("&a "),
		"one long scalar": fill("x"),
		"rules":           head + strings.Repeat("    - run: '0000000A'\n", 40000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			_, err := rules.Parse(text)
			var inv *models.Invalid
			require.ErrorAs(t, err, &inv)
			require.Less(t, time.Since(start), 20*time.Second)
			t.Logf("%s: %s", time.Since(start).Round(time.Millisecond), err.Error()[:min(200, len(err.Error()))])
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(rules.Sequential([]string{"00000001", "1E100000"}))
	f.Add(head + "    - run: '04E41DDE'\n    - {run: FAFC249A, whenPassed: 04E41DDE, expect: fail}\n    - run: 8FF75E7F\n      whenFailed: '04E41DDE'\n")
	f.Add("kind: rule/v1.3\nspec: {parallelism: 2}\n")
	f.Add("a: &a [*a]\n---\n? x\n: !!str |\n y")
	f.Add("\ufeff{kind: rule/v1.2, spec: {rules: [{run: 0000000A, relay: [], run: 1E10}]}}")
	f.Fuzz(func(t *testing.T, text string) {
		plan, err := rules.Parse(text)
		if err != nil {
			var inv *models.Invalid
			require.ErrorAs(t, err, &inv)
			require.NotEmpty(t, inv.Fields)
			return
		}
		require.NotEmpty(t, plan.Rules)
		for i, r := range plan.Rules {
			require.True(t, models.ValidCaseKey(r.Case))
			require.Less(t, r.Parent, i)
			require.GreaterOrEqual(t, r.Parent, -1)
			require.Equal(t, r.Parent == -1, r.When == rules.Always)
			require.Positive(t, r.Line)
		}
		again, err := rules.Parse(rules.Sequential(plan.CaseKeys()))
		require.NoError(t, err)
		require.Equal(t, plan.CaseKeys(), again.CaseKeys())
	})
}
