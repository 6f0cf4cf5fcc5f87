package main

import "fmt"

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(p *process) error {
	_, err := fmt.Fprintln(p.stdout, version)
	return err
}
