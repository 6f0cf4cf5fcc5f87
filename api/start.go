package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"time"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/models"
)

const startRunText = `Answers 202 with the queued run at once, or, with *wait*, 200 when the run has finished within that time.

Send an **Idempotency-Key** (a commit id, for example) to be sure that a repeated request does not start a second run: it
answers the first one. The same key with another body is refused.`

// engineTimeout bounds how long a request waits for the engine. A run that the engine did not take
// in this time stays accepted: the sweeper starts it.
const engineTimeout = 2 * time.Second

// engineContext lets a call to the engine end even if the client goes away, but not later than
// engineTimeout.
func engineContext(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), engineTimeout)
}

type startRunInput struct {
	TriggerKey
	Wait
	IdempotencyKey string `header:"Idempotency-Key" doc:"Up to 200 visible ASCII characters; the first request with it counts" example:"4b825dc642cb"`
	Body           *wire.RunCreate
}

type runStarted struct {
	Status   int
	Location string `header:"Location" doc:"Path of the run"`
	Body     models.Run
}

func (s *server) startRun(ctx context.Context, in *startRunInput) (*runStarted, error) {
	wait, err := in.duration()
	if err != nil {
		return nil, err
	}
	if err := checkIdempotencyKey(in.IdempotencyKey); err != nil {
		return nil, err
	}
	t, err := s.trigger(ctx, in.Key)
	if err != nil {
		return nil, err
	}
	r, err := s.accept(ctx, t, in)
	if err != nil {
		return nil, err
	}
	r = s.await(ctx, r, wait)
	out := &runStarted{Status: http.StatusAccepted, Location: prefix + "/runs/" + r.ID, Body: shownRun(r)}
	if r.Status.Final() {
		out.Status = http.StatusOK
	}
	return out, nil
}

func checkIdempotencyKey(key string) error {
	if len(key) > models.MaxIdempotencyKey {
		return badField("header.Idempotency-Key", "must not be longer than %d characters", models.MaxIdempotencyKey)
	}
	for _, c := range []byte(key) {
		if c <= ' ' || c > '~' {
			return badField("header.Idempotency-Key", "must consist of visible ASCII characters")
		}
	}
	return nil
}

// accept answers the run that the idempotency key stands for, or makes one and hands it to the
// engine.
func (s *server) accept(ctx context.Context, t models.Trigger, in *startRunInput) (models.Run, error) {
	body := wire.RunCreate{}
	if in.Body != nil {
		body = *in.Body
	}
	hash, err := requestHash(body)
	if err != nil {
		return models.Run{}, err
	}
	if in.IdempotencyKey != "" {
		r, err := s.repeated(ctx, t.Key, in.IdempotencyKey, hash)
		if !errors.Is(err, models.ErrNotFound) {
			return r, err
		}
	}
	r, err := s.newRun(ctx, t, body)
	if err != nil {
		return models.Run{}, err
	}
	r.RequestHash = hash
	if in.IdempotencyKey != "" {
		r.IdempotencyKey = &in.IdempotencyKey
	}
	err = s.store.CreateRun(ctx, &r)
	if errors.Is(err, models.ErrDuplicate) && in.IdempotencyKey != "" {
		return s.repeated(ctx, t.Key, in.IdempotencyKey, hash)
	}
	if err != nil {
		return models.Run{}, fmt.Errorf("create run of %s: %w", t.Key, err)
	}
	s.dispatch(ctx, r)
	return r, nil
}

// repeated answers the run that an earlier request with the same key made.
func (s *server) repeated(ctx context.Context, trigger, key, hash string) (models.Run, error) {
	r, err := s.store.RunByIdempotencyKey(ctx, trigger, key)
	if err != nil {
		return r, fmt.Errorf("look up idempotency key: %w", err)
	}
	if r.RequestHash != hash {
		return r, because(errIdempotency, "run %s was started with this key and another body; use a new key for another request", r.ID)
	}
	return r, nil
}

// requestHash stands for what the body means, however it was written.
func requestHash(body wire.RunCreate) (string, error) {
	canonical, err := json.Marshal(body) // map keys are sorted
	if err != nil {
		return "", fmt.Errorf("hash request: %w", err)
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:]), nil
}

// newRun is a run of the trigger as it is now.
func (s *server) newRun(ctx context.Context, t models.Trigger, body wire.RunCreate) (models.Run, error) {
	if !t.Enabled {
		return models.Run{}, because(errDisabled, "%s is disabled; enable it first", t.Key)
	}
	if len(t.PipelineKeys) == 0 {
		return models.Run{}, because(errNothingToRun, "no pipelines in %s", t.Method)
	}
	parameters := maps.Clone(someMap(t.Parameters))
	maps.Copy(parameters, body.Parameters)
	r := models.Run{
		ID: s.deps.NewID(), WorkspaceKey: t.WorkspaceKey,
		TriggerKey: t.Key, TriggerMethod: t.Method, TriggerName: t.Name, TriggerOwners: some(t.Owners),
		Source: models.SourceAPI, RequestedBy: granted(ctx).user.Email, Status: models.StatusQueued,
		EnvironmentUID: body.EnvironmentUID, Parameters: parameters, CreatedAt: s.now(),
	}
	var c models.Check
	c.Join("", r.Validate())
	if err := s.checkEnvironmentUID(ctx, &c, "environment_uid", t.WorkspaceKey, body.EnvironmentUID); err != nil {
		return models.Run{}, err
	}
	return r, c.Err()
}

// dispatch hands a run to the engine. Whatever goes wrong here is for the sweeper: the row is there.
func (s *server) dispatch(ctx context.Context, r models.Run) {
	ctx, done := engineContext(ctx)
	defer done()
	if err := s.deps.Engine.StartRun(ctx, r); err != nil {
		s.log.WarnContext(ctx, "api: start workflow", "run_id", r.ID, "error", err)
		return
	}
	if err := s.store.MarkDispatched(ctx, r.ID); err != nil {
		s.log.WarnContext(ctx, "api: note that the workflow was started", "run_id", r.ID, "error", err)
	}
}
