package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/models"
)

func testCases(t *testing.T, newDatabase func(testing.TB) Database) {
	t.Run("are created, read, changed and deleted", func(t *testing.T) {
		t.Parallel()
		b, ctx := setup(t, newDatabase), t.Context()
		w := Workspace(t, b.s)
		c := Case(t, b.s, w.Key)
		require.True(t, models.ValidCaseKey(c.Key), c.Key)
		got, err := b.s.Case(ctx, c.Key)
		require.NoError(t, err)
		require.Equal(t, c, got)
		require.Nil(t, got.Sealed)

		c.Name, c.Retries, c.HTTP.URL, c.Variables = "new", 3, "https://example.com/new", nil
		c.Owners, c.Labels = nil, nil
		require.NoError(t, b.s.UpdateCase(ctx, &c))
		got, err = b.s.Case(ctx, c.Key)
		require.NoError(t, err)
		require.Equal(t, c, got)
		require.Equal(t, []string{}, got.Owners, "a list is never null")
		require.NoError(t, b.s.DeleteCase(ctx, c.Key, false))
		require.ErrorIs(t, b.s.DeleteCase(ctx, c.Key, false), models.ErrNotFound)
	})
	t.Run("refuse a stale update", func(t *testing.T) {
		t.Parallel()
		b, ctx := setup(t, newDatabase), t.Context()
		c := Case(t, b.s, Workspace(t, b.s).Key)
		mine, theirs := c, c
		theirs.Name = "theirs"
		require.NoError(t, b.s.UpdateCase(ctx, &theirs))
		mine.Name = "mine"
		require.ErrorIs(t, b.s.UpdateCase(ctx, &mine), models.ErrStale)
		require.EqualValues(t, 1, mine.Version)
		require.Equal(t, c.UpdatedAt, mine.UpdatedAt)
		got, err := b.s.Case(ctx, c.Key)
		require.NoError(t, err)
		require.Equal(t, "theirs", got.Name)
	})
	t.Run("that a pipeline names are deleted by force only", func(t *testing.T) {
		t.Parallel()
		sc, ctx := setScene(t, newDatabase), t.Context()
		err := sc.s.DeleteCase(ctx, sc.testCase.Key, false)
		require.ErrorIs(t, err, models.ErrInUse)
		require.ErrorContains(t, err, sc.pipeline.Key)
		require.NoError(t, sc.s.DeleteCase(ctx, sc.testCase.Key, true))
		users, err := sc.s.PipelinesUsing(ctx, sc.testCase.Key)
		require.NoError(t, err)
		require.Equal(t, []string{sc.pipeline.Key}, users, "the pipeline still names it")
	})
	t.Run("that are missing are named once, in order", func(t *testing.T) {
		t.Parallel()
		b, ctx := setup(t, newDatabase), t.Context()
		w, other := Workspace(t, b.s), Workspace(t, b.s)
		mine, foreign := Case(t, b.s, w.Key), Case(t, b.s, other.Key)
		missing, err := b.s.MissingCases(ctx, w.Key, []string{"FFFFFFFF", mine.Key, foreign.Key, "FFFFFFFF", "EEEEEEEE"})
		require.NoError(t, err)
		require.Equal(t, []string{"FFFFFFFF", foreign.Key, "EEEEEEEE"}, missing)
		missing, err = b.s.MissingCases(ctx, w.Key, nil)
		require.NoError(t, err)
		require.Empty(t, missing)

		var many []string
		for i := range 1200 {
			many = append(many, models.CaseKey(int64(1<<20+i)))
		}
		missing, err = b.s.MissingCases(ctx, w.Key, append(many, mine.Key))
		require.NoError(t, err)
		require.Equal(t, many, missing)
	})
}

func testPipelines(t *testing.T, newDatabase func(testing.TB) Database) {
	t.Run("are created, read, changed and deleted", func(t *testing.T) {
		t.Parallel()
		b, ctx := setup(t, newDatabase), t.Context()
		w := Workspace(t, b.s)
		one, two := Case(t, b.s, w.Key), Case(t, b.s, w.Key)
		p := Pipeline(t, b.s, w.Key, []string{one.Key, two.Key, one.Key})
		require.Equal(t, w.Key+"-0001", p.Key)
		require.Equal(t, w.Key+"-0002", Pipeline(t, b.s, w.Key, nil).Key)
		got, err := b.s.Pipeline(ctx, p.Key)
		require.NoError(t, err)
		require.Equal(t, p, got)

		p.CaseKeys, p.Definition = []string{two.Key}, "kind: rule/v1.2\n"+strings.Repeat("# long\n", 20000)
		require.NoError(t, b.s.UpdatePipeline(ctx, &p))
		got, err = b.s.Pipeline(ctx, p.Key)
		require.NoError(t, err)
		require.Equal(t, p, got)
		users, err := b.s.PipelinesUsing(ctx, one.Key)
		require.NoError(t, err)
		require.Empty(t, users)
		users, err = b.s.PipelinesUsing(ctx, two.Key)
		require.NoError(t, err)
		require.Equal(t, []string{p.Key}, users)

		require.NoError(t, b.s.DeletePipeline(ctx, p.Key, false))
		require.ErrorIs(t, b.s.DeletePipeline(ctx, p.Key, false), models.ErrNotFound)
		users, err = b.s.PipelinesUsing(ctx, two.Key)
		require.NoError(t, err)
		require.Empty(t, users, "a deleted pipeline uses nothing")
	})
	t.Run("leave their cases as they were when an update is stale", func(t *testing.T) {
		t.Parallel()
		sc, ctx := setScene(t, newDatabase), t.Context()
		stale := sc.pipeline
		require.NoError(t, sc.s.UpdatePipeline(ctx, &sc.pipeline))
		stale.CaseKeys = nil
		require.ErrorIs(t, sc.s.UpdatePipeline(ctx, &stale), models.ErrStale)
		users, err := sc.s.PipelinesUsing(ctx, sc.testCase.Key)
		require.NoError(t, err)
		require.Equal(t, []string{sc.pipeline.Key}, users)
	})
	t.Run("that a trigger binds are deleted by force only", func(t *testing.T) {
		t.Parallel()
		sc, ctx := setScene(t, newDatabase), t.Context()
		users, err := sc.s.TriggersUsing(ctx, sc.pipeline.Key)
		require.NoError(t, err)
		require.Equal(t, []string{sc.plan.Key}, users)
		err = sc.s.DeletePipeline(ctx, sc.pipeline.Key, false)
		require.ErrorIs(t, err, models.ErrInUse)
		require.ErrorContains(t, err, sc.plan.Key)
		require.NoError(t, sc.s.DeletePipeline(ctx, sc.pipeline.Key, true))
		missing, err := sc.s.MissingPipelines(ctx, sc.workspace.Key, []string{sc.pipeline.Key})
		require.NoError(t, err)
		require.Equal(t, []string{sc.pipeline.Key}, missing)
	})
	t.Run("name many cases", func(t *testing.T) {
		t.Parallel()
		b, ctx := setup(t, newDatabase), t.Context()
		w := Workspace(t, b.s)
		var keys []string
		for i := range 1500 {
			keys = append(keys, models.CaseKey(int64(i+1)))
		}
		p := Pipeline(t, b.s, w.Key, keys)
		got, err := b.s.Pipeline(ctx, p.Key)
		require.NoError(t, err)
		require.Equal(t, keys, got.CaseKeys)
		users, err := b.s.PipelinesUsing(ctx, keys[1499])
		require.NoError(t, err)
		require.Equal(t, []string{p.Key}, users)
	})
}

func testTriggers(t *testing.T, newDatabase func(testing.TB) Database) {
	t.Run("are created, read, changed and deleted", func(t *testing.T) {
		t.Parallel()
		sc, ctx := setScene(t, newDatabase), t.Context()
		require.Equal(t, "P-"+sc.workspace.Key+"-0001", sc.plan.Key)
		gate := Gatekeeper(t, sc.s, sc.workspace.Key, []string{sc.pipeline.Key})
		require.Equal(t, "G-"+sc.workspace.Key+"-0001", gate.Key, "each method counts by itself")
		got, err := sc.s.Trigger(ctx, sc.plan.Key)
		require.NoError(t, err)
		require.Equal(t, sc.plan, got)

		plan := sc.plan
		plan.PipelineKeys, plan.Enabled, plan.Parameters = nil, false, map[string]string{"A": "ä"}
		require.NoError(t, sc.s.UpdateTrigger(ctx, &plan))
		got, err = sc.s.Trigger(ctx, plan.Key)
		require.NoError(t, err)
		require.Equal(t, plan, got)
		users, err := sc.s.TriggersUsing(ctx, sc.pipeline.Key)
		require.NoError(t, err)
		require.Equal(t, []string{gate.Key}, users)
		require.ErrorIs(t, sc.s.UpdateTrigger(ctx, &sc.plan), models.ErrStale)

		require.NoError(t, sc.s.DeleteTrigger(ctx, plan.Key))
		require.ErrorIs(t, sc.s.DeleteTrigger(ctx, plan.Key), models.ErrNotFound)
		require.ErrorIs(t, sc.s.UpdateTrigger(ctx, &plan), models.ErrNotFound)
	})
	t.Run("bump the revision with every change", func(t *testing.T) {
		t.Parallel()
		sc, ctx := setScene(t, newDatabase), t.Context()
		last, err := sc.s.SchedulesRevision(ctx)
		require.NoError(t, err)
		plan := sc.plan
		for _, step := range []func() error{
			func() error { plan.Name = "renamed"; return sc.s.UpdateTrigger(ctx, &plan) },
			func() error { plan.Cron = "0 * * * *"; return sc.s.UpdateTrigger(ctx, &plan) },
			func() error { Gatekeeper(t, sc.s, sc.workspace.Key, nil); return nil },
			func() error { return sc.s.DeleteTrigger(ctx, plan.Key) },
		} {
			require.NoError(t, step())
			now, err := sc.s.SchedulesRevision(ctx)
			require.NoError(t, err)
			require.Greater(t, now, last)
			last = now
		}
		require.ErrorIs(t, sc.s.UpdateTrigger(ctx, &plan), models.ErrNotFound)
		now, err := sc.s.SchedulesRevision(ctx)
		require.NoError(t, err)
		require.Equal(t, last, now, "a refused change is none")
	})
}

func testLists(t *testing.T, newDatabase func(testing.TB) Database) {
	t.Run("page through every kind of definition", func(t *testing.T) {
		t.Parallel()
		b, ctx := setup(t, newDatabase), t.Context()
		w, other := Workspace(t, b.s), Workspace(t, b.s)
		want := map[string][]string{}
		for i := range 7 {
			ws := w.Key
			if i == 3 {
				ws = other.Key
			}
			c := Case(t, b.s, ws)
			p := Pipeline(t, b.s, ws, []string{c.Key})
			g := Gatekeeper(t, b.s, ws, []string{p.Key})
			e := Environment(t, b.s, ws)
			h := Webhook(t, b.s, ws)
			if ws == w.Key {
				for kind, key := range map[string]string{"case": c.Key, "pipeline": p.Key, "trigger": g.Key, "environment": e.UID, "webhook": h.UID} {
					want[kind] = append(want[kind], key)
				}
			}
		}
		f := models.DefinitionFilter{WorkspaceKey: w.Key}
		require.Equal(t, want["case"], all(t, 3, func(c models.Case) string { return c.Key },
			func(p models.Page) ([]models.Case, string, error) { return b.s.Cases(ctx, f, p) }))
		require.Equal(t, want["pipeline"], all(t, 4, func(c models.Pipeline) string { return c.Key },
			func(p models.Page) ([]models.Pipeline, string, error) { return b.s.Pipelines(ctx, f, p) }))
		require.Equal(t, want["trigger"], all(t, 6, func(c models.Trigger) string { return c.Key },
			func(p models.Page) ([]models.Trigger, string, error) { return b.s.Triggers(ctx, f, p) }))
		require.ElementsMatch(t, want["environment"], all(t, 1, func(c models.Environment) string { return c.UID },
			func(p models.Page) ([]models.Environment, string, error) { return b.s.Environments(ctx, f, p) }))
		require.ElementsMatch(t, want["webhook"], all(t, 5, func(c models.Webhook) string { return c.UID },
			func(p models.Page) ([]models.Webhook, string, error) { return b.s.Webhooks(ctx, f, p) }))
	})
	t.Run("find part of a name, ignoring case", func(t *testing.T) {
		t.Parallel()
		b, ctx := setup(t, newDatabase), t.Context()
		w := Workspace(t, b.s)
		for _, name := range []string{"Äpfel & Birnen", "50% off [sale]", "under_score", "Straße", "ΣΊΣΥΦΟΣ", `back\slash`, "a*b?"} {
			Case(t, b.s, w.Key, func(c *models.Case) { c.Name = name })
		}
		for part, want := range map[string][]string{
			"äPFEL":   {"Äpfel & Birnen"},
			"Äpfel":   {"Äpfel & Birnen"},
			"birnen":  {"Äpfel & Birnen"},
			"%":       {"50% off [sale]"},
			"[SALE]":  {"50% off [sale]"},
			"[":       {"50% off [sale]"},
			"r_s":     {"under_score"},
			"_":       {"under_score"},
			"straße":  {"Straße"},
			"σίσυφ":   {"ΣΊΣΥΦΟΣ"},
			`\S`:      {`back\slash`},
			"*B?":     {"a*b?"},
			"?":       {"a*b?"},
			"nothing": nil,
			"'":       nil,
		} {
			cases, _, err := b.s.Cases(ctx, models.DefinitionFilter{WorkspaceKey: w.Key, Name: part}, models.Page{})
			require.NoError(t, err)
			var names []string
			for _, c := range cases {
				names = append(names, c.Name)
			}
			require.Equal(t, want, names, "searching for %q", part)
		}
	})
	t.Run("find a label exactly", func(t *testing.T) {
		t.Parallel()
		b, ctx := setup(t, newDatabase), t.Context()
		w := Workspace(t, b.s)
		for i, labels := range [][]string{{"smoke"}, {"smoke test", "Smoke"}, {`quo"te`}, {"<b>"}, nil} {
			Pipeline(t, b.s, w.Key, nil, func(p *models.Pipeline) { p.Name, p.Labels = fmt.Sprint(i), labels })
		}
		for label, want := range map[string]string{"smoke": "0", "Smoke": "1", "smoke test": "1", `quo"te`: "2", "<b>": "3", "smok": "", "test": ""} {
			found, _, err := b.s.Pipelines(ctx, models.DefinitionFilter{Label: label}, models.Page{})
			require.NoError(t, err)
			var names []string
			for _, p := range found {
				names = append(names, p.Name)
			}
			require.Equal(t, want, strings.Join(names, ","), "label %q", label)
		}
	})
	t.Run("narrow triggers by method", func(t *testing.T) {
		t.Parallel()
		sc, ctx := setScene(t, newDatabase), t.Context()
		gate := Gatekeeper(t, sc.s, sc.workspace.Key, nil)
		found, _, err := sc.s.Triggers(ctx, models.DefinitionFilter{Method: models.MethodGatekeeper}, models.Page{})
		require.NoError(t, err)
		require.Equal(t, []models.Trigger{gate}, found)
	})
	t.Run("list runtimes, each name once", func(t *testing.T) {
		t.Parallel()
		b, ctx := setup(t, newDatabase), t.Context()
		b.clock.Advance(time.Second)
		office, err := b.s.EnsureRuntime(ctx, "office")
		require.NoError(t, err)
		def, err := b.s.EnsureRuntime(ctx, models.DefaultRuntime)
		require.NoError(t, err)
		again, err := b.s.EnsureRuntime(ctx, "office")
		require.NoError(t, err)
		require.Equal(t, office, again)
		found, err := b.s.Runtimes(ctx)
		require.NoError(t, err)
		require.Equal(t, []models.Runtime{def, office}, found)
	})
}
