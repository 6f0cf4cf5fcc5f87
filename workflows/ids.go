package workflows

import "go.temporal.io/sdk/temporal"

// TaskQueue is where the workers of the core listen for workflows and for their activities.
const TaskQueue = "bellwether"

// Limits of one run.
const (
	// MaxInlineCases is how many cases a run executes by itself. Above it each pipeline becomes a
	// child workflow with a history of its own, because an engine ends a workflow whose history
	// grows beyond bounds.
	MaxInlineCases = 500
	// MaxPipelines is how many pipelines of a run go on at the same time.
	MaxPipelines = 10
	// MaxSends is how many deliveries of a run are under way at the same time.
	MaxSends = 100
)

// RunID is the workflow id of a run. The engine starts no second workflow with it.
func RunID(id string) string { return "run/" + id }

// PipelineID is the workflow id of a pipeline that is a child of its run.
func PipelineID(runID, executionKey string) string { return RunID(runID) + "/" + executionKey }

// DeliveryID is the workflow id of a delivery that is sent outside of its run.
func DeliveryID(id string) string { return "delivery/" + id }

// The search attributes of runs. They are meant for operators in the engine's Web UI; Bellwether
// itself never asks for them.
var (
	WorkspaceAttribute = temporal.NewSearchAttributeKeyKeyword("BellwetherWorkspace")
	TriggerAttribute   = temporal.NewSearchAttributeKeyKeyword("BellwetherTrigger")
	VerdictAttribute   = temporal.NewSearchAttributeKeyKeyword("BellwetherVerdict")
)

// SearchAttributes lists the names of the search attributes, all of type Keyword, that a namespace
// must have before the first run starts.
func SearchAttributes() []string {
	return []string{WorkspaceAttribute.GetName(), TriggerAttribute.GetName(), VerdictAttribute.GetName()}
}
