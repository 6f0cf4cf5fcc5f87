package notify

import (
	"time"

	"github.com/bellwether/bellwether/models"
)

// testany is the format of Testany's notification webhooks: its keys in the order of the published
// samples, each always present. Durations are whole seconds, rounded half up, so that 499 ms are 0
// and 500 ms are 1; times are cut to whole seconds.
type testany struct{}

// The statuses of a trigger or a pipeline, and of a case, in Testany's payload.
const (
	testanyPassed        = 1
	testanyFailed        = 2
	testanySkipped       = 3 // cases only
	testanyFailedAsAsked = 4 // cases only
)

type testanyTrigger struct {
	Name      string               `json:"name"`
	Pipelines []testanyPipeline    `json:"pipelines"`
	Status    int                  `json:"status"`
	Key       string               `json:"trigger_key"`
	Method    models.TriggerMethod `json:"trigger_method"`
	Owner     []string             `json:"trigger_owner"`
}

type testanyPipeline struct {
	Cases        []testanyCase `json:"cases"`
	Duration     int64         `json:"duration"`
	ExecutionKey string        `json:"execution_key"`
	FinishTime   string        `json:"finish_time"`
	Key          string        `json:"key"`
	Name         string        `json:"name"`
	Owner        []string      `json:"owner"`
	StartTime    string        `json:"start_time"`
	Status       int           `json:"status"`
}

type testanyCase struct {
	Duration    int64    `json:"duration"`
	Env         string   `json:"env"`
	FinishTime  string   `json:"finish_time"`
	Key         string   `json:"key"`
	Name        string   `json:"name"`
	Owner       []string `json:"owner"`
	StartTime   string   `json:"start_time"`
	Status      int      `json:"status"`
	RuntimeUUID string   `json:"runtime_uuid"`
	RuntimeName string   `json:"runtime_name"`
}

func (testany) format() models.Format { return models.FormatTestany }

func (t testany) render(event models.Event) (Message, error) {
	if event.Type != models.EventRunFinished {
		return Message{}, &UnsupportedError{Format: t.format(), Event: event.Type, Known: []string{models.EventRunFinished}}
	}
	doc, err := readRunFinished(event)
	if err != nil {
		return Message{}, err
	}
	pipelines := make([]testanyPipeline, len(doc.Pipelines))
	for i, p := range doc.Pipelines {
		pipelines[i] = testanyPipelineOf(p)
	}
	return encode(testanyTrigger{
		Name:      doc.Trigger.Name,
		Pipelines: pipelines,
		Status:    testanyVerdict(doc.Status),
		Key:       doc.Trigger.Key,
		Method:    doc.Trigger.Method,
		Owner:     doc.Trigger.Owners,
	})
}

func testanyPipelineOf(p models.FinishedPipeline) testanyPipeline {
	cases := make([]testanyCase, len(p.Cases))
	for i, c := range p.Cases {
		cases[i] = testanyCase{
			Duration:    wholeSeconds(c.DurationMS),
			Env:         c.Environment,
			FinishTime:  secondsOf(c.FinishedAt),
			Key:         c.Key,
			Name:        c.Name,
			Owner:       c.Owners,
			StartTime:   secondsOf(c.StartedAt),
			Status:      testanyCaseStatus(c.Status),
			RuntimeUUID: c.RuntimeUUID,
			RuntimeName: c.RuntimeName,
		}
	}
	return testanyPipeline{
		Cases:        cases,
		Duration:     wholeSeconds(p.DurationMS),
		ExecutionKey: p.ExecutionKey,
		FinishTime:   secondsOf(p.FinishedAt),
		Key:          p.Key,
		Name:         p.Name,
		Owner:        p.Owners,
		StartTime:    secondsOf(p.StartedAt),
		Status:       testanyVerdict(p.Status),
	}
}

// testanyVerdict is the status of a trigger or a pipeline, which only passes or fails there: what was
// cancelled, skipped or could not be run did not pass.
func testanyVerdict(s models.Status) int {
	if s.Passed() {
		return testanyPassed
	}
	return testanyFailed
}

// testanyCaseStatus is the status of a case. One that was never reached is skipped.
func testanyCaseStatus(s models.Status) int {
	switch s {
	case models.StatusSuccess:
		return testanyPassed
	case models.StatusFailedAsExpected:
		return testanyFailedAsAsked
	case models.StatusSkipped, models.StatusQueued:
		return testanySkipped
	default:
		return testanyFailed
	}
}

func wholeSeconds(ms int64) int64 { return (ms + 500) / 1000 }

func secondsOf(t time.Time) string { return t.UTC().Format(time.RFC3339) }
