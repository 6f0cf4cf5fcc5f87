package models_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/models"
)

func TestKeysAreHexCountersOfAtLeastTheirWidth(t *testing.T) {
	t.Parallel()
	require.Equal(t, "0000A3F1", models.CaseKey(0xA3F1))
	require.Equal(t, "ABC-0001", models.PipelineKey("ABC", 1))
	require.Equal(t, "ABC-1ABCD", models.PipelineKey("ABC", 0x1ABCD))
	require.Equal(t, "P-ABC-0001", models.TriggerKey(models.MethodPlan, "ABC", 1))
	require.Equal(t, "G-ABC-0010", models.TriggerKey(models.MethodGatekeeper, "ABC", 16))
	require.Equal(t, "M-ABC-0001", models.TriggerKey(models.MethodMonitor, "ABC", 1))
	require.Equal(t, "ABC-0001-033CE", models.ExecutionKey("ABC-0001", 0x33CE))
	require.Equal(t, "7-u", models.EnvironmentUID(7, "u"))
}

func TestMadeKeysAreValidAndOthersAreNot(t *testing.T) {
	t.Parallel()
	for _, n := range []int64{1, 0xFFFF, 0x10000, 0xFFFFFFF} {
		require.True(t, models.ValidCaseKey(models.CaseKey(n)))
		require.True(t, models.ValidPipelineKey(models.PipelineKey("A1Z", n)))
		require.True(t, models.ValidTriggerKey(models.TriggerKey(models.MethodPlan, "A1Z", n)))
	}
	for _, key := range []string{"", "0000a3f1", "A3F1", "0000A3F1 ", "0000A3G1", "ABC-0001", "123456789"} {
		require.False(t, models.ValidCaseKey(key), key)
	}
	for _, key := range []string{"ABC", "abc-0001", "ABC-1", "ABC-0001-00001", "AB-0001"} {
		require.False(t, models.ValidPipelineKey(key), key)
	}
	for _, key := range []string{"X-ABC-0001", "ABC-0001", "P-ABC-", "P-ABC-0001\n"} {
		require.False(t, models.ValidTriggerKey(key), key)
	}
	for _, key := range []string{"AB", "ABCD", "abc", "A-C"} {
		require.False(t, models.ValidWorkspaceKey(key), key)
	}
}

func TestStatuses(t *testing.T) {
	t.Parallel()
	passed := map[models.Status]bool{models.StatusSuccess: true, models.StatusFailedAsExpected: true}
	open := map[models.Status]bool{models.StatusQueued: true, models.StatusRunning: true}
	for _, s := range []models.Status{-1, 0, 1, 2, 3, 4, 5, 99} {
		require.True(t, s.Known())
		require.Equal(t, passed[s], s.Passed(), s)
		require.Equal(t, !open[s], s.Final(), s)
	}
	require.False(t, models.Status(6).Known())
	require.Equal(t, "failed as expected", models.StatusFailedAsExpected.String())
	require.Equal(t, "status(6)", models.Status(6).String())
}
