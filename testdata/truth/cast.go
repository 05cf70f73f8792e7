// SPDX-License-Identifier: Apache-2.0

package truth

// Roles: who plays what in which shape. Only numbers and texts are kept, so
// that nothing here refers to what the goroutines wait for.
var roles = map[string]uint64{}

// Is says that the goroutine that calls plays this role.
func Is(shape, role string) {
	mu.Lock()
	roles[shape+"/"+role] = Goid()
	mu.Unlock()
}

// Edge is a goroutine that waits for an object that only another could give.
type Edge struct {
	From, To, Kind, Op, Address string
}

// Cycle says that the edges of a shape close a circle, and who waits behind it.
func Cycle(shape string, edges []Edge, behind ...string) {
	Later(func() {
		var all []F
		for _, e := range edges {
			all = append(all, F{"from": role(shape, e.From), "to": role(shape, e.To),
				"kind": e.Kind, "op": e.Op, "address": e.Address})
		}
		Line(F{"shape": shape, "cycle": all, "behind": who(shape, behind)})
	})
}

// Blocker says how many wait for one, over others or not, and whether it goes on
// by itself (nil: it depends).
func Blocker(shape, root string, goesOn interface{}, behind ...string) {
	Later(func() {
		Line(F{"shape": shape, "blocker": role(shape, root), "goes_on": goesOn,
			"behind": who(shape, behind)})
	})
}

// Healthy says that someone who is alive will serve all of a shape.
func Healthy(shape string) { Line(F{"shape": shape, "healthy": true}) }

// Role is who plays it.
func Role(shape, name string) uint64 {
	mu.Lock()
	defer mu.Unlock()
	return role(shape, name)
}

func role(shape, name string) uint64 {
	id := roles[shape+"/"+name]
	if id == 0 {
		panic("nobody plays " + shape + "/" + name)
	}
	return id
}

func who(shape string, names []string) []uint64 {
	ids := []uint64{}
	for _, name := range names {
		ids = append(ids, role(shape, name))
	}
	return ids
}
