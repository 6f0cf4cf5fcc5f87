package models

import (
	"fmt"
	"regexp"
)

// Keys are made from counters and are shown in upper-case hexadecimal. They are compared as text and
// never parsed back into numbers.
var (
	workspaceKeyRE = regexp.MustCompile(`^[A-Z0-9]{3}$`)
	caseKeyRE      = regexp.MustCompile(`^[0-9A-F]{8}$`)
	pipelineKeyRE  = regexp.MustCompile(`^[A-Z0-9]{3}-[0-9A-F]{4,}$`)
	triggerKeyRE   = regexp.MustCompile(`^[MPG]-[A-Z0-9]{3}-[0-9A-F]{4,}$`)
)

// ValidWorkspaceKey reports whether key is three upper-case letters or digits.
func ValidWorkspaceKey(key string) bool { return workspaceKeyRE.MatchString(key) }

// ValidCaseKey reports whether key is eight upper-case hexadecimal digits.
func ValidCaseKey(key string) bool { return caseKeyRE.MatchString(key) }

// ValidPipelineKey reports whether key looks like ABC-0001.
func ValidPipelineKey(key string) bool { return pipelineKeyRE.MatchString(key) }

// ValidTriggerKey reports whether key looks like P-ABC-0001.
func ValidTriggerKey(key string) bool { return triggerKeyRE.MatchString(key) }

// CaseKey is the key of the n-th case of the installation: 0000A3F1.
func CaseKey(n int64) string { return fmt.Sprintf("%08X", n) }

// PipelineKey is the key of the n-th pipeline of a workspace: ABC-0001.
func PipelineKey(workspace string, n int64) string { return fmt.Sprintf("%s-%04X", workspace, n) }

// TriggerKey is the key of the n-th trigger of its method in a workspace: P-ABC-0001.
func TriggerKey(method TriggerMethod, workspace string, n int64) string {
	return fmt.Sprintf("%s-%s-%04X", method.letter(), workspace, n)
}

// ExecutionKey is the key of the n-th execution of a pipeline: ABC-0001-033CE.
func ExecutionKey(pipeline string, n int64) string { return fmt.Sprintf("%s-%05X", pipeline, n) }

// EnvironmentUID joins the owner's id and a UUID, as Postman does: 12345678-<uuid>.
func EnvironmentUID(ownerID int64, uuid string) string { return fmt.Sprintf("%d-%s", ownerID, uuid) }
