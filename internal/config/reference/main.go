// Command reference writes docs/configuration.md from the settings in internal/config. Run it from
// the root of the repository.
package main

import (
	"fmt"
	"os"

	"github.com/bellwether/bellwether/internal/config"
)

const page = "docs/configuration.md"

func main() {
	text, err := config.Page()
	if err == nil {
		err = os.WriteFile(page, []byte(text), 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "write "+page+":", err)
		os.Exit(1)
	}
}
