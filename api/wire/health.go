package wire

// Health says that the process lives.
type Health struct {
	Status string `json:"status" example:"ok"`
}

// The states of a readiness check.
const (
	CheckOK      = "ok"
	CheckFailing = "failing"
	CheckTimeout = "timeout"
)

// Readiness says whether everything that requests need is there. When it is not, it is a problem.
type Readiness struct {
	Type   string            `json:"type,omitempty" doc:"Only when something is missing"`
	Title  string            `json:"title,omitempty" doc:"Only when something is missing"`
	Status int               `json:"status" doc:"200 or 503" example:"200"`
	Detail string            `json:"detail" example:"ready"`
	Checks map[string]string `json:"checks" doc:"ok, failing or timeout, by what was asked"`
}
