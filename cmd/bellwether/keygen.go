package main

import (
	"fmt"

	"github.com/bellwether/bellwether/internal/app"
)

type keygenCmd struct{}

// Run prints a new keyset.
func (keygenCmd) Run(p *process) error {
	keyset, err := app.NewKeyset()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.stdout, keyset)
	return err
}
