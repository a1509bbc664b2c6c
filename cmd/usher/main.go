// Command usher runs membership playbooks: it checks them, tests them, and serves them.
package main

import (
	"context"
	"os"
	_ "time/tzdata" // zones also where the machine has none
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ()))
}
