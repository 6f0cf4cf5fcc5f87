package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/bellwether/bellwether/activities"
	"github.com/bellwether/bellwether/models"
	"github.com/bellwether/bellwether/workflows"
)

func TestDeliveryIsSentAgainWhenItsScheduleSaysSo(t *testing.T) {
	t.Parallel()
	b := setup(t, plan())
	pauses := []time.Duration{5 * time.Second, time.Minute, 10 * time.Minute}
	began := b.Now()
	var at []time.Duration
	b.send = func(activities.SendInput) (activities.SendResult, error) {
		at = append(at, b.Now().Sub(began).Truncate(time.Second))
		if n := len(at); n <= len(pauses) {
			return activities.SendResult{}, temporal.NewApplicationErrorWithOptions("not yet", activities.TypeDeliveryRetry,
				temporal.ApplicationErrorOptions{NextRetryDelay: pauses[n-1], Category: temporal.ApplicationErrorCategoryBenign})
		}
		return activities.SendResult{State: models.DeliveryFailed, Attempts: 4}, nil
	}

	b.ExecuteWorkflow(workflows.Delivery, workflows.DeliveryInput{DeliveryID: "d1"})

	require.NoError(t, b.GetWorkflowError())
	var result activities.SendResult
	require.NoError(t, b.GetWorkflowResult(&result))
	require.Equal(t, activities.SendResult{State: models.DeliveryFailed, Attempts: 4}, result)
	require.Equal(t, []time.Duration{0, 5 * time.Second, 65 * time.Second, 665 * time.Second}, at)
	require.Equal(t, []string{"d1", "d1", "d1", "d1"}, b.sends)
}

func TestDeliveryWithoutRowFails(t *testing.T) {
	t.Parallel()
	b := setup(t, plan())
	b.send = func(activities.SendInput) (activities.SendResult, error) {
		return activities.SendResult{}, temporal.NewNonRetryableApplicationError("claim delivery d1", activities.TypeNotFound, nil)
	}
	b.ExecuteWorkflow(workflows.Delivery, workflows.DeliveryInput{DeliveryID: "d1"})
	require.ErrorContains(t, b.GetWorkflowError(), activities.TypeNotFound)
	require.Len(t, b.sends, 1)
}

func TestDeliveryWithoutIDFails(t *testing.T) {
	t.Parallel()
	b := setup(t, plan())
	b.ExecuteWorkflow(workflows.Delivery, workflows.DeliveryInput{})
	require.ErrorContains(t, b.GetWorkflowError(), "names no delivery")
}
