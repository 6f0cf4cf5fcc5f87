package e2e

import (
	"log/slog"

	"go.temporal.io/api/workflowservice/v1"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func listRequest(query string) *workflowservice.ListWorkflowExecutionsRequest {
	return &workflowservice.ListWorkflowExecutionsRequest{Namespace: "default", Query: query}
}
