package wire

// PipelineCreate makes a pipeline, either from rules or from a list of cases.
type PipelineCreate struct {
	WorkspaceKey string   `json:"workspace_key" example:"ABC"`
	Name         string   `json:"name" example:"smoke"`
	Description  string   `json:"description,omitempty"`
	Definition   string   `json:"definition,omitempty" doc:"Rule YAML (kind: rule/v1.2). Either this or case_keys"`
	CaseKeys     []string `json:"case_keys,omitempty" doc:"Cases to run one after the other. Either this or definition" example:"0000A3F1"`
	Owners       []string `json:"owners,omitempty" doc:"E-mail addresses" example:"jane@example.com"`
	Labels       []string `json:"labels,omitempty"`
}

// PipelinePatch changes the fields of a pipeline that it holds. Definition and CaseKeys replace each
// other.
type PipelinePatch struct {
	Name        *string   `json:"name,omitempty"`
	Description *string   `json:"description,omitempty"`
	Definition  *string   `json:"definition,omitempty" doc:"New rules. Not together with case_keys"`
	CaseKeys    *[]string `json:"case_keys,omitempty" doc:"New cases, to run one after the other. Not together with definition"`
	Owners      *[]string `json:"owners,omitempty"`
	Labels      *[]string `json:"labels,omitempty"`
}

// PipelineVerify asks whether a definition would be accepted.
type PipelineVerify struct {
	WorkspaceKey string   `json:"workspace_key" doc:"Where the cases are looked up" example:"ABC"`
	Definition   string   `json:"definition,omitempty" doc:"Rule YAML (kind: rule/v1.2). Either this or case_keys"`
	CaseKeys     []string `json:"case_keys,omitempty" doc:"Cases to run one after the other. Either this or definition" example:"0000A3F1"`
}

// PipelineRules says how a definition is understood.
type PipelineRules struct {
	Definition string `json:"definition" doc:"The rule YAML as given, or what a list of cases stands for"`
	Rules      []Rule `json:"rules" doc:"In the order of execution"`
}

// Rule runs one case of a pipeline.
type Rule struct {
	CaseKey    string `json:"case_key" example:"0000A3F1"`
	Parent     *int   `json:"parent,omitempty" doc:"Position, from 0, of the rule whose outcome decides whether this one runs"`
	When       string `json:"when" enum:"always,whenPassed,whenFailed" doc:"The outcome of the parent on which this rule runs"`
	ExpectFail bool   `json:"expect_fail,omitempty" doc:"The case is expected to fail"`
	Line       int    `json:"line,omitempty" doc:"Line in the definition, from 1"`
}
