package scheduler

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/models"
)

func TestJitterIsStableAndWithinBounds(t *testing.T) {
	t.Parallel()
	// The values are fixed: another version must not move every plan's start.
	require.Zero(t, jitterOffset("P-ABC-0001", time.Minute))
	require.Equal(t, 26*time.Second, jitterOffset("P-ABC-0002", time.Minute))
	require.Zero(t, jitterOffset("P-ABC-0001", 0))
	require.Zero(t, jitterOffset("P-ABC-0001", -time.Second))

	seen := map[time.Duration]bool{}
	for n := range int64(200) {
		seen[jitterOffset(models.TriggerKey(models.MethodPlan, "ABC", n), 3*time.Second)] = true
	}
	require.Equal(t, map[time.Duration]bool{0: true, time.Second: true, 2 * time.Second: true, 3 * time.Second: true}, seen)
}

func TestJitterSpreadsNeighbouringKeysEvenly(t *testing.T) {
	t.Parallel()
	const keys, buckets = 60_000, 60
	counts := make([]float64, buckets)
	for n := range int64(keys) {
		counts[int(jitterOffset(models.TriggerKey(models.MethodPlan, "ABC", n), (buckets-1)*time.Second)/time.Second)]++
	}
	// Chi squared with 59 degrees of freedom is above 98.3 once in a thousand for even spread.
	expected, chi := float64(keys)/buckets, 0.0
	for _, n := range counts {
		chi += (n - expected) * (n - expected) / expected
	}
	require.Less(t, chi, 98.3)
}
