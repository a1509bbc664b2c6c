package command

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// commonZones are told where a machine has no list of its own.
var commonZones = []string{
	"UTC", "Asia/Shanghai", "Asia/Hong_Kong", "Asia/Macau", "Asia/Taipei", "Asia/Urumqi", "Asia/Singapore",
	"Asia/Kuala_Lumpur", "Asia/Tokyo",
	"Asia/Seoul", "Asia/Bangkok", "Asia/Ho_Chi_Minh", "Asia/Jakarta", "Asia/Manila", "Asia/Kolkata", "Asia/Dubai",
	"Europe/London", "Europe/Paris",
	"Europe/Berlin", "Europe/Madrid", "Europe/Rome", "Europe/Moscow", "America/New_York", "America/Chicago",
	"America/Denver",
	"America/Los_Angeles", "America/Toronto", "America/Vancouver", "America/Mexico_City", "America/Sao_Paulo",
	"Australia/Sydney",
	"Australia/Perth", "Pacific/Auckland", "Africa/Cairo", "Africa/Johannesburg", "Africa/Lagos",
}

// zoneFolder is where most machines keep the IANA database, with a list of its zones.
const zoneFolder = "/usr/share/zoneinfo"

// zoneNames returns the time zones that may be written.
func zoneNames() []string {
	names := slices.Clone(commonZones)
	for _, list := range []string{"zone1970.tab", "zone.tab"} {
		text, err := os.ReadFile(filepath.Join(zoneFolder, list))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			if cells := strings.Split(strings.TrimSpace(line), "\t"); len(cells) > 2 && !strings.HasPrefix(line, "#") {
				names = append(names, cells[2])
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// ZoneCandidates completes a zone, whose letters may be small.
func ZoneCandidates(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
	var begin []string
	for _, name := range zoneNames() {
		if strings.HasPrefix(strings.ToLower(name), strings.ToLower(word)) {
			begin = append(begin, name)
		}
	}
	return begin, cobra.ShellCompDirectiveNoFileComp
}
