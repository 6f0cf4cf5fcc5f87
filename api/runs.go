package api

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/models"
)

func (s *server) registerRuns() {
	handle(s, route{
		method: http.MethodPost, path: "/triggers/{key}/runs", need: needEditor, id: "start-run", tag: tagRuns,
		summary: "Start a run", description: startRunText, status: http.StatusAccepted, waits: true,
		example: wire.RunCreate{Parameters: map[string]string{"VERSION": "1.4.2"}},
	}, s.startRun)
	started := s.described(http.MethodPost, prefix+"/triggers/{key}/runs").Responses
	started["202"].Description = "Accepted; the run has not finished yet"
	finished := *started["202"]
	finished.Description = "The run has finished"
	started["200"] = &finished
	handle(s, route{
		method: http.MethodGet, path: "/runs", need: needViewer, id: "list-runs", tag: tagRuns,
		summary: "List runs", description: "Newest first.",
	}, s.listRuns)
	handle(s, route{
		method: http.MethodGet, path: "/runs/{id}", need: needViewer, id: "get-run", tag: tagRuns,
		summary: "Get a run", description: "With wait, the answer comes when the run has finished or the time is over.", waits: true,
	}, s.getRun)
	handle(s, route{
		method: http.MethodPost, path: "/runs/{id}/cancel", need: needEditor, id: "cancel-run", tag: tagRuns,
		summary:     "Cancel a run",
		description: "The running case ends as 5, cases not reached as 3, the run as 5; webhooks are told.",
		status:      http.StatusAccepted,
	}, s.cancelRun)
	handle(s, route{
		method: http.MethodGet, path: "/runs/{id}/executions", need: needViewer, id: "list-executions", tag: tagRuns,
		summary: "List the executions of a run", description: "One for each pipeline, in the trigger's order.",
	}, s.listExecutions)
	handle(s, route{
		method: http.MethodGet, path: "/runs/{id}/results", need: needViewer, id: "list-results", tag: tagRuns,
		summary: "List the case results of a run", description: "By execution, then in the order of the rules; without reports.",
	}, s.listResults)
	handle(s, route{
		method: http.MethodGet, path: "/runs/{id}/deliveries", need: needViewer, id: "list-run-deliveries", tag: tagRuns,
		summary: "List the deliveries of a run",
	}, s.listRunDeliveries)
}

// RunID names a run in a path.
type RunID struct {
	ID string `path:"id" doc:"Id of the run"`
}

func (s *server) listRuns(ctx context.Context, in *struct {
	Paging
	Workspace string    `query:"workspace" doc:"Only of this workspace" example:"ABC"`
	Trigger   string    `query:"trigger" doc:"Only of this trigger" example:"P-ABC-0001"`
	Status    []string  `query:"status,explode" doc:"Only with one of these statuses: numbers or words, repeated or separated by commas" example:"failure,error"`
	Source    string    `query:"source" enum:"schedule,api" doc:"Only from this source"`
	Since     time.Time `query:"since" doc:"Only created at this time or later" example:"2030-01-31T00:00:00Z"`
	Until     time.Time `query:"until" doc:"Only created before this time" example:"2030-02-01T00:00:00Z"`
},
) (*plain[wire.List[models.Run]], error) {
	workspace, none, err := s.scope(ctx, in.Workspace)
	if err != nil {
		return nil, err
	}
	if none {
		return listOf[models.Run](nil, "", nil, "runs", shownRun)
	}
	statuses, err := parseStatuses(in.Status)
	if err != nil {
		return nil, err
	}
	if err := checkCursor("runs", in.After); err != nil {
		return nil, err
	}
	items, next, err := s.store.Runs(ctx, models.RunFilter{
		WorkspaceKey: workspace, TriggerKey: in.Trigger, Statuses: statuses, Source: models.RunSource(in.Source),
		Since: in.Since.UTC(), Until: in.Until.UTC(),
	}, in.page())
	return listOf(items, next, err, "runs", shownRun)
}

// parseStatuses reads statuses by number or by name; an underscore stands for a space.
func parseStatuses(values []string) ([]models.Status, error) {
	names := map[string]models.Status{}
	for _, st := range []models.Status{
		models.StatusQueued, models.StatusRunning, models.StatusSuccess, models.StatusFailure, models.StatusSkipped,
		models.StatusFailedAsExpected, models.StatusCancelled, models.StatusError,
	} {
		names[strings.ReplaceAll(st.String(), " ", "_")] = st
		names[strconv.Itoa(int(st))] = st
	}
	var statuses []models.Status
	for _, value := range values {
		for part := range strings.SplitSeq(value, ",") {
			st, ok := names[strings.ToLower(strings.TrimSpace(part))]
			if !ok {
				return nil, badField("query.status", "%q is not a status; known: -1 queued, 0 running, 1 success, 2 failure, 3 skipped, "+
					"5 cancelled, 99 error", part)
			}
			statuses = append(statuses, st)
		}
	}
	return statuses, nil
}

func (s *server) getRun(ctx context.Context, in *struct {
	RunID
	Wait
},
) (*plain[models.Run], error) {
	wait, err := in.duration()
	if err != nil {
		return nil, err
	}
	r, err := s.run(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &plain[models.Run]{Body: shownRun(s.await(ctx, r, wait))}, nil
}

func (s *server) cancelRun(ctx context.Context, in *struct{ RunID }) (*plain[models.Run], error) {
	if _, err := s.run(ctx, in.ID); err != nil {
		return nil, err
	}
	r, err := s.store.RequestCancel(ctx, in.ID)
	if err != nil {
		return nil, fmt.Errorf("cancel run %s: %w", in.ID, err)
	}
	// The request is on record; if the engine is away, the sweeper passes it on.
	ctx, done := engineContext(ctx)
	defer done()
	if err := s.deps.Engine.CancelRun(ctx, r.ID); err != nil {
		s.log.WarnContext(ctx, "api: cancel workflow", "run_id", r.ID, "error", err)
	}
	return &plain[models.Run]{Body: shownRun(r)}, nil
}

func (s *server) listExecutions(ctx context.Context, in *struct {
	RunID
	Paging
},
) (*plain[wire.List[models.Execution]], error) {
	if _, err := s.run(ctx, in.ID); err != nil {
		return nil, err
	}
	items, err := s.store.Executions(ctx, in.ID)
	if err != nil {
		return nil, fmt.Errorf("list executions of %s: %w", in.ID, err)
	}
	items, next, err := cut(items, in.Paging, func(e models.Execution) string { return e.Key })
	return listOf(items, next, err, "executions", func(e models.Execution) models.Execution {
		e.Owners = some(e.Owners)
		return e
	})
}

func (s *server) listResults(ctx context.Context, in *struct {
	RunID
	Paging
},
) (*plain[wire.List[models.CaseResult]], error) {
	if _, err := s.run(ctx, in.ID); err != nil {
		return nil, err
	}
	items, err := s.store.Results(ctx, in.ID)
	if err != nil {
		return nil, fmt.Errorf("list results of %s: %w", in.ID, err)
	}
	items, next, err := cut(items, in.Paging, func(r models.CaseResult) string { return r.ID })
	return listOf(items, next, err, "results", shownResult)
}

func (s *server) listRunDeliveries(ctx context.Context, in *struct {
	RunID
	Paging
},
) (*plain[wire.List[models.Delivery]], error) {
	r, err := s.run(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.deliveries(ctx, models.DeliveryFilter{WorkspaceKey: r.WorkspaceKey, RunID: r.ID}, in.Paging)
}

// run loads a run that the caller may see.
func (s *server) run(ctx context.Context, id string) (models.Run, error) {
	return visible(ctx, "run", id, s.store.Run, func(r *models.Run) string { return r.WorkspaceKey })
}

// shownRun is a run as it is answered.
func shownRun(r models.Run) models.Run {
	r.TriggerOwners, r.Parameters = some(r.TriggerOwners), someMap(r.Parameters)
	return r
}

// shownResult is a case result as it is answered.
func shownResult(r models.CaseResult) models.CaseResult {
	r.Owners = some(r.Owners)
	return r
}
