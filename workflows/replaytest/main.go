// Command replaytest records the histories that the replay tests of package workflows check. It
// starts workflows of every shape on a real Temporal server, with activities that play their parts,
// and writes what the server has recorded.
//
//	bellwether temporal &
//	go run ./workflows/replaytest -address 127.0.0.1:7233
//
// Record anew only when a workflow was changed on purpose in a way that older runs cannot follow, and
// no such run is under way any more. Otherwise keep the old histories: they are what the tests are for.
package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"

	"github.com/bellwether/bellwether/internal/engine"
	"github.com/bellwether/bellwether/workflows"
)

// limit is how long all shapes together may take.
const limit = 5 * time.Minute

func main() {
	address := flag.String("address", engine.DefaultAddress, "HOST:PORT of the Temporal server")
	namespace := flag.String("namespace", engine.DefaultNamespace, "namespace to record in")
	out := flag.String("out", filepath.Join("workflows", "testdata", "histories"), "folder to write to")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := record(ctx, engine.Config{Address: *address, Namespace: *namespace}, *out); err != nil {
		fmt.Fprintln(os.Stderr, "replaytest:", err)
		os.Exit(1)
	}
}

// record prepares the namespace, starts a worker of its own and records every shape.
func record(ctx context.Context, cfg engine.Config, out string) error {
	e, err := engine.Dial(ctx, cfg, slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		return err
	}
	defer e.Close()
	if err := e.Prepare(ctx); err != nil {
		return err
	}
	// The identity stands in the histories, and the default names the machine.
	c, err := client.NewClientFromExistingWithContext(ctx, e.Client(), client.Options{
		Identity: "replaytest", Namespace: cfg.Namespace, Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	defer c.Close()
	r := &recorder{client: c, queue: "replaytest/" + uuid.NewString(), out: out, stage: newStage()}
	w := worker.New(c, r.queue, worker.Options{MaxHeartbeatThrottleInterval: 100 * time.Millisecond})
	w.RegisterWorkflow(workflows.Run)
	w.RegisterWorkflow(workflows.Pipeline)
	w.RegisterWorkflow(workflows.Delivery)
	w.RegisterActivityWithOptions(r.stage.begin, activity.RegisterOptions{Name: "Begin"})
	w.RegisterActivityWithOptions(r.stage.finish, activity.RegisterOptions{Name: "Finish"})
	w.RegisterActivityWithOptions(r.stage.execute, activity.RegisterOptions{Name: "Execute"})
	w.RegisterActivityWithOptions(r.stage.send, activity.RegisterOptions{Name: "Send"})
	if err := w.Start(); err != nil {
		return fmt.Errorf("start the worker: %w", err)
	}
	defer w.Stop()
	for _, s := range shapes() {
		if err := r.shape(ctx, s); err != nil {
			return fmt.Errorf("record %s: %w", s.name, err)
		}
	}
	return nil
}

type recorder struct {
	client client.Client
	queue  string
	out    string
	stage  *stage
}

// shape runs one workflow, waits for its end and writes its history and those of its children.
func (r *recorder) shape(ctx context.Context, s shape) error {
	id := uuid.NewString()
	name, workflow, input := workflows.RunID(id), any(workflows.Run), any(workflows.RunInput{RunID: id, MaxInlineCases: s.maxInline})
	if s.delivery {
		name, workflow, input = workflows.DeliveryID(id), workflows.Delivery, workflows.DeliveryInput{DeliveryID: id}
	}
	part := r.stage.cast(id, s)
	run, err := r.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: name, TaskQueue: r.queue}, workflow, input)
	if err != nil {
		return err
	}
	if s.cancel {
		select {
		case <-part.running:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := r.client.CancelWorkflow(ctx, name, run.GetRunID()); err != nil {
			return err
		}
	}
	status, err := r.await(ctx, run)
	if err != nil {
		return err
	}
	if status != s.want {
		return fmt.Errorf("ended as %s, not as %s", status, s.want)
	}
	if err := r.write(ctx, s.name, name, run.GetRunID()); err != nil {
		return err
	}
	for i, key := range s.children {
		if err := r.write(ctx, fmt.Sprintf("%s-child-%d", s.name, i+1), workflows.PipelineID(id, key), ""); err != nil {
			return err
		}
	}
	return nil
}

// await waits until the workflow has ended, in whatever way, and answers how.
func (r *recorder) await(ctx context.Context, run client.WorkflowRun) (enumspb.WorkflowExecutionStatus, error) {
	if err := run.Get(ctx, nil); err != nil && ctx.Err() != nil {
		return 0, errors.Join(err, ctx.Err())
	}
	d, err := r.client.DescribeWorkflowExecution(ctx, run.GetID(), run.GetRunID())
	if err != nil {
		return 0, err
	}
	return d.GetWorkflowExecutionInfo().GetStatus(), nil
}

// write stores a history as gzipped JSON, the same bytes for the same history.
func (r *recorder) write(ctx context.Context, file, workflowID, runID string) error {
	var history historypb.History
	events := r.client.GetWorkflowHistory(ctx, workflowID, runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			return fmt.Errorf("read the history of %s: %w", workflowID, err)
		}
		history.Events = append(history.Events, event)
	}
	text, err := temporalproto.CustomJSONMarshalOptions{Indent: " "}.Marshal(&history)
	if err != nil {
		return fmt.Errorf("write the history of %s: %w", workflowID, err)
	}
	// The server names the queues between a workflow and its worker after the machine.
	if host, err := os.Hostname(); err == nil {
		text = bytes.ReplaceAll(text, []byte(`"`+host+`:`), []byte(`"replaytest:`))
	}
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	if _, err := zip.Write(text); err != nil {
		return err
	}
	if err := zip.Close(); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%s: %d events\n", file, len(history.GetEvents()))
	return os.WriteFile(filepath.Join(r.out, file+".json.gz"), packed.Bytes(), 0o644)
}
