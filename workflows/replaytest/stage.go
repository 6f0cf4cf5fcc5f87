package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/bellwether/bellwether/activities"
	"github.com/bellwether/bellwether/models"
)

// beyondTask is a pause longer than a workflow task may be held open, so that the engine keeps it as
// a timer.
const beyondTask = 12 * time.Second

// stage holds the activities. Each plays the part that the shape of its run asks for.
type stage struct {
	mu    sync.Mutex
	parts map[string]*part // by id of the run or of the delivery
}

// part is the shape of one run and how far it has come.
type part struct {
	shape
	running  chan struct{} // closed when the first case runs
	started  sync.Once
	finishes int
	sends    map[string]int
}

func newStage() *stage { return &stage{parts: map[string]*part{}} }

// cast gives a run or a delivery its part.
func (s *stage) cast(id string, of shape) *part {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &part{shape: of, running: make(chan struct{}), sends: map[string]int{}}
	s.parts[id] = p
	return p
}

// of finds the part of the workflow that an activity belongs to.
func (s *stage) of(ctx context.Context) *part {
	_, id, _ := strings.Cut(activity.GetInfo(ctx).WorkflowExecution.ID, "/")
	id, _, _ = strings.Cut(id, "/")
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.parts[id]
}

func (s *stage) begin(ctx context.Context, _ activities.BeginInput) (activities.RunPlan, error) {
	return s.of(ctx).plan, nil
}

// finish fails as often as its part says: at first for a moment, then for long.
func (s *stage) finish(ctx context.Context, _ models.RunOutcome) (activities.FinishResult, error) {
	p := s.of(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.finishes++; p.finishes <= p.finishBad {
		pause := time.Millisecond
		if p.finishes > 1 {
			pause = beyondTask
		}
		return activities.FinishResult{}, temporal.NewApplicationErrorWithOptions("the database is away", activities.TypeStore,
			temporal.ApplicationErrorOptions{NextRetryDelay: pause})
	}
	var result activities.FinishResult
	for i := range p.deliveries {
		result.DeliveryIDs = append(result.DeliveryIDs, fmt.Sprintf("0192f0aa-0000-7000-8000-%012d", i+1))
	}
	return result, nil
}

// execute comes to what its part says. In a run that is to be cancelled it goes on until it is.
func (s *stage) execute(ctx context.Context, in activities.CaseInput) (activities.CaseOutput, error) {
	p := s.of(ctx)
	switch {
	case p.cancel:
		p.started.Do(func() { close(p.running) })
		for ctx.Err() == nil {
			activity.RecordHeartbeat(ctx)
			select {
			case <-ctx.Done():
			case <-time.After(50 * time.Millisecond):
			}
		}
		return activities.CaseOutput{Status: models.StatusCancelled, Message: "cancelled", DurationMS: 50}, nil
	case p.faulty[in.Position]:
		return activities.CaseOutput{}, temporal.NewNonRetryableApplicationError("the database is away", activities.TypeStore, nil)
	}
	status := models.StatusSuccess
	if tries := p.plays[in.Position]; in.Attempt <= len(tries) {
		status = tries[in.Attempt-1]
	}
	return activities.CaseOutput{Status: status, DurationMS: 5}, nil
}

// send is postponed as often as its part says.
func (s *stage) send(ctx context.Context, in activities.SendInput) (activities.SendResult, error) {
	p := s.of(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.sends[in.DeliveryID]++; p.sends[in.DeliveryID] <= p.postponed {
		return activities.SendResult{}, temporal.NewApplicationErrorWithOptions("the receiver answered 503", activities.TypeDeliveryRetry,
			temporal.ApplicationErrorOptions{NextRetryDelay: 50 * time.Millisecond, Category: temporal.ApplicationErrorCategoryBenign})
	}
	return activities.SendResult{State: models.DeliveryDelivered, Attempts: p.postponed + 1}, nil
}
