package engine_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/bellwether/bellwether/internal/engine/enginetest"
	"github.com/bellwether/bellwether/workflows"
)

const kindKeyword = enumspb.INDEXED_VALUE_TYPE_KEYWORD

func TestPrepareAddsWhatIsMissingAndWaitsForIt(t *testing.T) {
	t.Parallel()
	f := enginetest.Start(t)
	f.SetAttribute("BellwetherTrigger", kindKeyword)
	added := make(chan map[string]enumspb.IndexedValueType, 1)
	f.OnAddAttributes = func(req *operatorservice.AddSearchAttributesRequest) error {
		added <- req.GetSearchAttributes()
		return nil
	}
	var probes atomic.Int32
	f.OnCount = func(req *workflowservice.CountWorkflowExecutionsRequest) error {
		for _, name := range workflows.SearchAttributes() {
			if !strings.Contains(req.GetQuery(), name) {
				return errors.New("not asked for " + name)
			}
		}
		if probes.Add(1) <= 2 {
			return serviceerror.NewInvalidArgument("invalid query: column name 'BellwetherVerdict' is not defined")
		}
		return nil
	}

	require.NoError(t, dial(t, f).Prepare(t.Context()))

	require.Equal(t, map[string]enumspb.IndexedValueType{"BellwetherWorkspace": kindKeyword, "BellwetherVerdict": kindKeyword}, <-added)
	require.Equal(t, int32(3), probes.Load())
}

func TestPrepareTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	f := enginetest.Start(t)
	for _, name := range workflows.SearchAttributes() {
		f.SetAttribute(name, kindKeyword)
	}
	f.OnAddAttributes = func(*operatorservice.AddSearchAttributesRequest) error {
		return serviceerror.NewPermissionDenied("only operators may", "")
	}
	require.NoError(t, dial(t, f).Prepare(t.Context()))
}

func TestPrepareBesideAnotherProcess(t *testing.T) {
	t.Parallel()
	f := enginetest.Start(t)
	f.OnAddAttributes = func(*operatorservice.AddSearchAttributesRequest) error {
		return serviceerror.NewAlreadyExists("search attribute already exists")
	}
	require.NoError(t, dial(t, f).Prepare(t.Context()))
}

func TestPrepareSaysHowAnOperatorCanHelp(t *testing.T) {
	t.Parallel()
	f := enginetest.Start(t)
	f.OnAddAttributes = func(*operatorservice.AddSearchAttributesRequest) error {
		return serviceerror.NewPermissionDenied("only operators may", "")
	}
	err := dial(t, f).Prepare(t.Context())
	require.ErrorContains(t, err, "only operators may")
	require.ErrorContains(t, err, "temporal operator search-attribute create --namespace default --name BellwetherWorkspace --type Keyword")
}

func TestPrepareRefusesAnAttributeOfAnotherType(t *testing.T) {
	t.Parallel()
	f := enginetest.Start(t)
	f.SetAttribute("BellwetherVerdict", enumspb.INDEXED_VALUE_TYPE_TEXT)
	require.ErrorContains(t, dial(t, f).Prepare(t.Context()), "search attribute BellwetherVerdict is of type Text, but must be of type Keyword")
}
