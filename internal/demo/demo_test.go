package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/bellwether/bellwether/api"
	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/internal/client"
	"github.com/bellwether/bellwether/internal/notify"
	"github.com/bellwether/bellwether/internal/rules"
	"github.com/bellwether/bellwether/internal/runner"
	"github.com/bellwether/bellwether/internal/store"
	"github.com/bellwether/bellwether/internal/store/storetest"
	"github.com/bellwether/bellwether/internal/webhook"
	"github.com/bellwether/bellwether/models"
	"github.com/bellwether/bellwether/scheduler"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "the-admin-token-of-the-tests"

// engine ends each run at once, without executing anything, and sends its payloads.
type engine struct {
	store  *store.Store
	sender *webhook.Sender
	secret string // signs instead of the webhook's own; empty: the webhook's
	silent bool   // payloads are not sent
	mu     sync.Mutex
	urls   []string
}

func (e *engine) StartRun(ctx context.Context, run models.Run) error {
	deliveries, err := e.store.FinishRun(ctx, models.RunOutcome{RunID: run.ID, Status: models.StatusSuccess}, notify.RunFinishedEvent)
	if err != nil || e.silent {
		return err
	}
	for _, d := range deliveries {
		job, err := e.store.ClaimDelivery(ctx, d.ID, time.Now().Add(time.Minute))
		if err != nil {
			return err
		}
		message, err := notify.New(notify.Options{}).Render(job.Webhook.Format, job.Event)
		if err != nil {
			return err
		}
		secret := job.Webhook.Secret
		if e.secret != "" {
			secret = e.secret
		}
		e.sender.Send(ctx, webhook.Request{
			URL: job.Webhook.URL, DeliveryID: d.ID, Event: job.Event.Type, Secret: secret, Attempt: 1,
			ContentType: message.ContentType, Body: message.Body,
		})
		e.mu.Lock()
		e.urls = append(e.urls, job.Webhook.URL)
		e.mu.Unlock()
	}
	return nil
}

func (e *engine) CancelRun(context.Context, string) error { return nil }

type bundle struct {
	engine *engine
	url    string
}

func setup(t *testing.T) bundle {
	t.Helper()
	s := storetest.SQLite(t)
	e := &engine{store: s, sender: webhook.New(webhook.Options{})}
	t.Cleanup(e.sender.Close)
	handler, err := api.New(api.Deps{
		Store: s, Engine: e, Sequential: rules.Sequential, CheckCase: runner.Check,
		Rules: func(definition string) ([]wire.Rule, error) {
			plan, err := rules.Parse(definition)
			out := make([]wire.Rule, len(plan.Rules))
			for i, r := range plan.Rules {
				out[i].CaseKey = r.Case
			}
			return out, err
		},
		CheckCron: func(expr, zone string) error { _, err := scheduler.ParseCron(expr, zone); return err },
		Fires:     func(models.Trigger, time.Time, int) ([]wire.Fire, error) { return nil, nil },
	})
	require.NoError(t, err)
	_, err = s.EnsureRuntime(t.Context(), models.DefaultRuntime)
	require.NoError(t, err)
	_, _, err = api.EnsureAdmin(t.Context(), s, token, api.RandomToken)
	require.NoError(t, err)
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return bundle{engine: e, url: server.URL}
}

// start makes a demo and defines everything.
func (b bundle) start(t *testing.T, say, lines *bytes.Buffer) *Demo {
	t.Helper()
	cfg := Config{URL: b.url, Token: token, Say: say, RunPage: func(id string) string { return "page of " + id }, Now: time.Now}
	if lines != nil {
		cfg.JSON = lines
	}
	d, err := New(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(d.Close)
	require.NoError(t, d.Prepare(t.Context()))
	return d
}

func TestEveryPayloadIsShown(t *testing.T) {
	t.Parallel()
	var say, lines bytes.Buffer
	d := setup(t).start(t, &say, &lines)
	require.NoError(t, d.Play(t.Context()))
	seen := map[string]int{}
	for text := range strings.Lines(lines.String()) {
		var l line
		require.NoError(t, json.Unmarshal([]byte(text), &l))
		require.Equal(t, models.EventRunFinished, l.Event)
		require.NotEmpty(t, l.Headers[webhook.HeaderDelivery])
		require.Contains(t, string(l.Body), "DEM-000")
		seen[l.Webhook]++
	}
	require.Equal(t, map[string]int{testanyHook: 2, ownHook: 2}, seen)
	require.Contains(t, say.String(), `gatekeeper G-DEM-0001 "release gate": success`)
	require.Contains(t, say.String(), `plan P-DEM-0001 "every minute": success`)
	require.Contains(t, say.String(), "page of 0")
	require.Contains(t, say.String(), d.URL+"/docs")
}

func TestPayloadsAreShownReadablyWithoutJSON(t *testing.T) {
	t.Parallel()
	var say bytes.Buffer
	require.NoError(t, setup(t).start(t, &say, nil).Play(t.Context()))
	require.Contains(t, say.String(), "webhook "+testanyHook+" received run.finished (delivery ")
	require.Contains(t, say.String(), "\n  \"trigger_key\": \"P-DEM-0001\"")
}

func TestSecondStartFindsEverythingAndMovesTheURLs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var say bytes.Buffer
	first := b.start(t, &say, nil)
	require.NoError(t, first.Play(t.Context()))
	second := b.start(t, &say, nil)
	require.NoError(t, second.Play(t.Context()), "the new secret counts")
	require.Equal(t, first.made.plan.Key, second.made.plan.Key)
	require.Equal(t, first.made.gate.Key, second.made.gate.Key)
	for i, url := range b.engine.urls {
		want := first.hooks.url
		if i >= 4 {
			want = second.hooks.url
		}
		require.True(t, strings.HasPrefix(url, want), "%d: %s", i, url)
	}
	environments, err := second.api.Environments().All(t.Context(), client.Query{Workspace: workspace})
	require.NoError(t, err)
	require.Len(t, environments, 1)
	have, err := second.api.Environments().Get(t.Context(), environments[0].UID)
	require.NoError(t, err)
	require.Equal(t, second.target.url, have.Values[0].Value)
	all, err := second.api.Cases().All(t.Context(), client.Query{Workspace: workspace})
	require.NoError(t, err)
	require.Len(t, all, len(cases()), "nothing is defined twice")
}

func TestPayloadWithAForeignSignatureIsAFailure(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.engine.secret = "some other secret, not the webhook's"
	var say bytes.Buffer
	require.ErrorIs(t, b.start(t, &say, nil).Play(t.Context()), webhook.ErrSignature)
}

func TestPayloadsThatDoNotArriveAreAFailure(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.engine.silent = true
	var say bytes.Buffer
	d := b.start(t, &say, nil)
	d.arriveLimit = 100 * time.Millisecond
	require.ErrorContains(t, d.Play(t.Context()), "2 payloads did not arrive")
}

func TestWatchShowsWhatComesLaterAndEndsWithItsContext(t *testing.T) {
	t.Parallel()
	b := setup(t)
	say := &lockedBuffer{}
	d := b.start(t, &bytes.Buffer{}, nil)
	d.Say = say
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.Watch(ctx)
	}()
	_, err := d.fireGate(t.Context())
	require.NoError(t, err)
	require.Eventually(t, func() bool { return strings.Count(say.String(), "received run.finished") == 2 }, 10*time.Second, 5*time.Millisecond)
	cancel()
	<-done
}

func TestSinkAsksToComeAgainWhenNobodyReads(t *testing.T) {
	t.Parallel()
	s := newSink(time.Now)
	post := func(path, body string) int {
		rec := httptest.NewRecorder()
		s.handler().ServeHTTP(rec, httptest.NewRequest(http.MethodPost, path, strings.NewReader(body)))
		return rec.Code
	}
	for range sinkBacklog {
		require.Equal(t, http.StatusNoContent, post("/hooks/a", "{}"))
	}
	require.Equal(t, http.StatusServiceUnavailable, post("/hooks/a", "{}"))
	require.Equal(t, http.StatusRequestEntityTooLarge, post("/hooks/a", strings.Repeat("x", maxRequest+1)))
	require.Equal(t, http.StatusNotFound, post("/elsewhere", "{}"))
}

// lockedBuffer may be written to and read from different goroutines.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
