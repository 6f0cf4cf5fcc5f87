// Package enginetest plays the frontend of a Temporal server over a real connection, for tests of
// what is asked of it and of what follows from its answers. It runs no workflow.
package enginetest

import (
	"context"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
)

// Frontend is a Temporal frontend that remembers what it was asked and answers what the test wants.
// Its exported functions may be set before the first call; nil ones answer success.
type Frontend struct {
	workflowservice.UnimplementedWorkflowServiceServer
	operatorservice.UnimplementedOperatorServiceServer

	Address string
	Health  *health.Server

	OnDescribeNamespace func() error
	OnStart             func(*workflowservice.StartWorkflowExecutionRequest) error
	OnCancel            func(*workflowservice.RequestCancelWorkflowExecutionRequest) error
	OnDescribe          func(*workflowservice.DescribeWorkflowExecutionRequest) (*workflowservice.DescribeWorkflowExecutionResponse, error)
	OnAddAttributes     func(*operatorservice.AddSearchAttributesRequest) error
	OnCount             func(*workflowservice.CountWorkflowExecutionsRequest) error

	mu         sync.Mutex
	starts     []*workflowservice.StartWorkflowExecutionRequest
	attributes map[string]enumspb.IndexedValueType
	pollers    []string
	tokens     []string
}

// Start serves a frontend on a free port until the test ends.
func Start(t *testing.T, options ...grpc.ServerOption) *Frontend {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	f := &Frontend{
		Address: listener.Addr().String(), Health: health.NewServer(), attributes: map[string]enumspb.IndexedValueType{},
	}
	f.Health.SetServingStatus("temporal.api.workflowservice.v1.WorkflowService", healthpb.HealthCheckResponse_SERVING)
	server := grpc.NewServer(append(options, grpc.UnaryInterceptor(f.intercept))...)
	workflowservice.RegisterWorkflowServiceServer(server, f)
	operatorservice.RegisterOperatorServiceServer(server, f)
	healthpb.RegisterHealthServer(server, f.Health)
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		require.NoError(t, <-done)
	})
	return f
}

// intercept notes the caller's token and turns service errors into what goes over the wire.
func (f *Frontend) intercept(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if values := metadata.ValueFromIncomingContext(ctx, "authorization"); len(values) > 0 {
		f.mu.Lock()
		f.tokens = append(f.tokens, values...)
		f.mu.Unlock()
	}
	resp, err := handler(ctx, req)
	if err != nil {
		return nil, serviceerror.ToStatus(err).Err()
	}
	return resp, nil
}

// Starts are the workflows that were asked for, in the order of the calls.
func (f *Frontend) Starts() []*workflowservice.StartWorkflowExecutionRequest {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.starts)
}

// Pollers are the queues that workers have polled, such as "workflow bellwether", each once.
func (f *Frontend) Pollers() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.pollers)
}

// Tokens are the authorization headers of all calls that had one.
func (f *Frontend) Tokens() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.tokens)
}

// SetAttribute gives the namespace a search attribute.
func (f *Frontend) SetAttribute(name string, kind enumspb.IndexedValueType) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.attributes[name] = kind
}

// GetSystemInfo answers what a client asks first.
func (f *Frontend) GetSystemInfo(context.Context, *workflowservice.GetSystemInfoRequest) (*workflowservice.GetSystemInfoResponse, error) {
	return &workflowservice.GetSystemInfoResponse{Capabilities: &workflowservice.GetSystemInfoResponse_Capabilities{EagerWorkflowStart: true}}, nil
}

// DescribeNamespace says that every namespace exists, unless the test wants otherwise.
func (f *Frontend) DescribeNamespace(context.Context, *workflowservice.DescribeNamespaceRequest) (*workflowservice.DescribeNamespaceResponse, error) {
	return &workflowservice.DescribeNamespaceResponse{}, call(f.OnDescribeNamespace)
}

// StartWorkflowExecution notes the request and starts nothing.
func (f *Frontend) StartWorkflowExecution(_ context.Context, req *workflowservice.StartWorkflowExecutionRequest) (*workflowservice.StartWorkflowExecutionResponse, error) {
	f.mu.Lock()
	f.starts = append(f.starts, req)
	f.mu.Unlock()
	return &workflowservice.StartWorkflowExecutionResponse{RunId: "run", Started: true}, ask(f.OnStart, req)
}

// RequestCancelWorkflowExecution cancels nothing.
func (f *Frontend) RequestCancelWorkflowExecution(_ context.Context, req *workflowservice.RequestCancelWorkflowExecutionRequest) (*workflowservice.RequestCancelWorkflowExecutionResponse, error) {
	return &workflowservice.RequestCancelWorkflowExecutionResponse{}, ask(f.OnCancel, req)
}

// DescribeWorkflowExecution knows no workflow, unless the test wants otherwise.
func (f *Frontend) DescribeWorkflowExecution(_ context.Context, req *workflowservice.DescribeWorkflowExecutionRequest) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	if f.OnDescribe == nil {
		return nil, serviceerror.NewNotFound("no such workflow")
	}
	return f.OnDescribe(req)
}

// CountWorkflowExecutions counts none.
func (f *Frontend) CountWorkflowExecutions(_ context.Context, req *workflowservice.CountWorkflowExecutionsRequest) (*workflowservice.CountWorkflowExecutionsResponse, error) {
	return &workflowservice.CountWorkflowExecutionsResponse{}, ask(f.OnCount, req)
}

// ListSearchAttributes answers those of the namespace.
func (f *Frontend) ListSearchAttributes(context.Context, *operatorservice.ListSearchAttributesRequest) (*operatorservice.ListSearchAttributesResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return &operatorservice.ListSearchAttributesResponse{CustomAttributes: maps.Clone(f.attributes)}, nil
}

// AddSearchAttributes adds them to the namespace.
func (f *Frontend) AddSearchAttributes(_ context.Context, req *operatorservice.AddSearchAttributesRequest) (*operatorservice.AddSearchAttributesResponse, error) {
	if err := ask(f.OnAddAttributes, req); err != nil {
		return nil, err
	}
	for name, kind := range req.GetSearchAttributes() {
		f.SetAttribute(name, kind)
	}
	return &operatorservice.AddSearchAttributesResponse{}, nil
}

// PollWorkflowTaskQueue has no task and waits until the poller goes.
func (f *Frontend) PollWorkflowTaskQueue(ctx context.Context, req *workflowservice.PollWorkflowTaskQueueRequest) (*workflowservice.PollWorkflowTaskQueueResponse, error) {
	f.poll("workflow " + req.GetTaskQueue().GetName())
	<-ctx.Done()
	return &workflowservice.PollWorkflowTaskQueueResponse{}, nil
}

// PollActivityTaskQueue has no task and waits until the poller goes.
func (f *Frontend) PollActivityTaskQueue(ctx context.Context, req *workflowservice.PollActivityTaskQueueRequest) (*workflowservice.PollActivityTaskQueueResponse, error) {
	f.poll("activity " + req.GetTaskQueue().GetName())
	<-ctx.Done()
	return &workflowservice.PollActivityTaskQueueResponse{}, nil
}

// poll notes the poller of a queue, except those private to one worker.
func (f *Frontend) poll(queue string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !strings.Contains(queue, ":") && !slices.Contains(f.pollers, queue) {
		f.pollers = append(f.pollers, queue)
	}
}

func call(f func() error) error {
	if f == nil {
		return nil
	}
	return f()
}

func ask[T any](f func(T) error, req T) error {
	if f == nil {
		return nil
	}
	return f(req)
}
