package workflows

import (
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/bellwether/bellwether/activities"
)

// DeliveryInput names the delivery.
type DeliveryInput struct {
	DeliveryID string `json:"delivery_id"`
}

// Delivery sends one delivery outside of its run until it is delivered or given up: a redelivery, or
// one whose run ended without it.
func Delivery(ctx workflow.Context, in DeliveryInput) (activities.SendResult, error) {
	if in.DeliveryID == "" {
		return activities.SendResult{}, temporal.NewNonRetryableApplicationError("the input names no delivery", "InvalidInput", nil)
	}
	return send(ctx, in.DeliveryID)
}

func send(ctx workflow.Context, id string) (activities.SendResult, error) {
	var a *activities.Deliveries
	var result activities.SendResult
	err := workflow.ExecuteActivity(withSend(ctx, id), a.Send, activities.SendInput{DeliveryID: id}).Get(ctx, &result)
	return result, err
}
