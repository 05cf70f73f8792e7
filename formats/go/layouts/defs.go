// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// A row of a .def file: what C calls it and what DWARF may call it.
type row struct {
	macro  string // IQ_GO_FIELD
	member string
	types  []string // alternatives, "var x" for the type of a variable
	paths  []string // alternatives; none for a size or a constant
}

// Rows of one struct: they change together, so they make one shape.
type group struct {
	name string // "G"
	rows []row
}

var rowRE = regexp.MustCompile(`^(IQ_GO_[A-Z_]+)\((\w+), "([^"]*)"(?:, "([^"]*)")?\)$`)

// readDef reads the rows of a .def file in order.
func readDef(path string) ([]row, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()

	var rows []row
	s := bufio.NewScanner(f)
	for n := 1; s.Scan(); n++ {
		if !strings.HasPrefix(s.Text(), "IQ_GO_") {
			continue
		}
		m := rowRE.FindStringSubmatch(s.Text())
		if m == nil {
			return nil, fmt.Errorf("%s:%d: not a row: %s", path, n, s.Text())
		}
		r := row{macro: m[1], member: m[2], types: strings.Split(m[3], "|")}
		if m[4] != "" {
			r.paths = strings.Split(m[4], "|")
		}
		rows = append(rows, r)
	}
	return rows, s.Err()
}

// groupRows joins neighbours that name the same type. A group is called after
// what its members' names have in common: g_goid, g_m → "G".
func groupRows(rows []row) []group {
	var groups []group
	for i, r := range rows {
		key := strings.Join(r.types, "|")
		if i == 0 || key != strings.Join(rows[i-1].types, "|") {
			groups = append(groups, group{})
		}
		g := &groups[len(groups)-1]
		g.rows = append(g.rows, r)
	}
	for i := range groups {
		groups[i].name = groupName(groups[i].rows)
	}
	return groups
}

func groupName(rows []row) string {
	common := rows[0].member
	for _, r := range rows[1:] {
		for !strings.HasPrefix(r.member, common) {
			common = common[:len(common)-1]
		}
	}
	if i := strings.LastIndexByte(common, '_'); i >= 0 {
		common = common[:i]
	}
	return strings.ToUpper(common)
}
