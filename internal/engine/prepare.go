package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/bellwether/bellwether/workflows"
)

const (
	// visibleLimit is how long Prepare waits until the server knows the search attributes that it
	// has accepted. Its frontends hear of them after ten seconds or so.
	visibleLimit = 60 * time.Second
	visiblePause = 200 * time.Millisecond
)

// Prepare gives the namespace the search attributes of runs and waits until they can be used. It is
// called before the first run starts, by as many processes at the same time as there are; where the
// attributes exist, it changes nothing and needs no permission to.
func (e *Engine) Prepare(ctx context.Context) error {
	missing, err := e.missingAttributes(ctx)
	if err != nil {
		return fmt.Errorf("look up the search attributes of namespace %s: %w", e.namespace, err)
	}
	if len(missing) > 0 {
		if err := e.addAttributes(ctx, missing); err != nil {
			return fmt.Errorf("add search attributes to namespace %s (an operator can do it: temporal operator search-attribute create --namespace %s%s): %w",
				e.namespace, e.namespace, commandArguments(missing), err)
		}
		e.logger.InfoContext(ctx, "search attributes added", "namespace", e.namespace, "attributes", missing)
	}
	return e.awaitAttributes(ctx)
}

// missingAttributes lists those that the namespace does not have.
func (e *Engine) missingAttributes(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	list, err := e.client.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: e.namespace})
	if err != nil {
		return nil, err
	}
	var missing []string
	for _, name := range workflows.SearchAttributes() {
		switch kind, ok := list.GetCustomAttributes()[name]; {
		case !ok:
			missing = append(missing, name)
		case kind != enumspb.INDEXED_VALUE_TYPE_KEYWORD:
			return nil, fmt.Errorf("search attribute %s is of type %s, but must be of type Keyword; remove it", name, kind)
		}
	}
	return missing, nil
}

func (e *Engine) addAttributes(ctx context.Context, names []string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*callLimit)
	defer cancel()
	attributes := make(map[string]enumspb.IndexedValueType, len(names))
	for _, name := range names {
		attributes[name] = enumspb.INDEXED_VALUE_TYPE_KEYWORD
	}
	_, err := e.client.OperatorService().AddSearchAttributes(ctx,
		&operatorservice.AddSearchAttributesRequest{Namespace: e.namespace, SearchAttributes: attributes})
	if _, exists := errors.AsType[*serviceerror.AlreadyExists](err); exists {
		return nil
	}
	return err
}

// awaitAttributes waits until the server takes a query that uses the attributes. A start with
// attributes that it does not know yet would be refused.
func (e *Engine) awaitAttributes(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, visibleLimit)
	defer cancel()
	terms := workflows.SearchAttributes()
	for i, name := range terms {
		terms[i] = name + " = ''"
	}
	probe := &workflowservice.CountWorkflowExecutionsRequest{Query: strings.Join(terms, " AND ")}
	for {
		_, err := e.client.CountWorkflow(ctx, probe)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the search attributes of namespace %s: %w", e.namespace, err)
		case <-time.After(visiblePause):
		}
	}
}

func commandArguments(names []string) string {
	var b strings.Builder
	for _, name := range names {
		b.WriteString(" --name " + name + " --type Keyword")
	}
	return b.String()
}
