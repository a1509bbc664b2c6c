package examples

import (
	"compress/gzip"
	"encoding/csv"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/sim"
	"github.com/usher-run/usher/playbooks/loader"
)

// order is a line of the data set.
type order struct {
	id, member, orderID string
	at                  time.Time
	quantity, amount    float64
}

func readOrders(t *testing.T) []order {
	t.Helper()
	f, err := os.Open("cdnow/orders.csv.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(z).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var orders []order
	for _, l := range lines[1:] {
		o := order{id: l[0], member: l[2], orderID: l[4]}
		if o.at, err = time.Parse(time.RFC3339, l[3]); err != nil {
			t.Fatal(err)
		}
		if o.quantity, err = strconv.ParseFloat(l[5], 64); err != nil {
			t.Fatal(err)
		}
		if o.amount, err = strconv.ParseFloat(l[6], 64); err != nil {
			t.Fatal(err)
		}
		orders = append(orders, o)
	}
	return orders
}

// counts is what the playbooks of cdnow must come to.
type counts struct {
	orders, members, fifth                     int
	second, secondExited, secondWaiting        int
	secondConverted                            int
	winbacks, winbackRestarted, winbackWaiting int
}

// countByHand computes the playbooks' outcome from the orders alone, without a line of usher: this
// is the check on the engine.
func countByHand(orders []order) counts {
	byMember := map[string][]time.Time{}
	var last time.Time
	for _, o := range orders {
		byMember[o.member] = append(byMember[o.member], o.at)
		if o.at.After(last) {
			last = o.at
		}
	}
	const day = 24 * time.Hour
	c := counts{orders: len(orders), members: len(byMember)}
	for _, times := range byMember {
		slices.SortFunc(times, time.Time.Compare)
		if len(times) >= 5 {
			c.fifth++
		}
		// The second-order coupon: due 14 days after the first order; a wait that is due comes before an
		// order of that instant.
		due := times[0].Add(14 * day)
		switch {
		case len(times) > 1 && times[1].Before(due):
			c.secondExited++
		case !due.After(last):
			c.second++
		default:
			c.secondWaiting++
		}
		if len(times) > 1 && !times[1].After(times[0].Add(30*day)) {
			c.secondConverted++
		}
		for i, at := range times {
			due := at.Add(60 * day)
			switch {
			case i+1 < len(times) && times[i+1].Before(due):
				c.winbackRestarted++
			case !due.After(last):
				c.winbacks++
			default:
				c.winbackWaiting++
			}
		}
	}
	return c
}

func TestSimulationOfRealOrdersCountsWhatTheOrdersSay(t *testing.T) {
	orders := readOrders(t)
	want := countByHand(orders)
	if want.orders != 69659 || want.fifth == 0 || want.winbacks == 0 || want.second == 0 {
		t.Fatalf("the data set is not what it was: %+v", want)
	}
	reg := actions.Registry()
	ws, diags := loader.Load(os.DirFS("cdnow"), reg)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	var inputs []engine.Input
	for _, o := range orders {
		inputs = append(inputs, engine.Input{
			Kind: engine.InputEvent, ID: o.id, Member: o.member, Name: "order.paid", Time: o.at, At: o.at,
			Payload: &engine.Payload{Properties: map[string]any{
				"order_id": o.orderID, "quantity": o.quantity,
				"amount": o.amount,
			}},
		})
	}
	res, err := sim.Simulate(ws, inputs, sim.SimulateOptions{Registry: reg, Effects: actions.Effects()})
	if err != nil {
		t.Fatal(err)
	}
	fifth, second, winback, every := res.Playbooks["fifth-order"], res.Playbooks["second-order"],
		res.Playbooks["winback"], res.Playbooks["every-order"]
	for _, check := range []struct {
		what      string
		got, want int
	}{
		{"events", res.Events, want.orders},
		{"members", res.Members, want.members},
		{"fifth-order entered", fifth.Entered, want.fifth},
		{"fifth-order done", fifth.Done, want.fifth},
		{"fifth-order tags", fifth.Tags.Added["regular"], want.fifth},
		{"fifth-order coupons", fifth.Coupons["thanks"], want.fifth},
		{"fifth-order skipped", fifth.Skipped["condition"], want.orders - want.fifth},
		{"second-order entered", second.Entered, want.members},
		{"second-order coupons", second.Coupons["second"], want.second},
		{"second-order done", second.Done, want.second},
		{"second-order exited", second.Exited, want.secondExited},
		{"second-order waiting", second.Waiting, want.secondWaiting},
		{"second-order converted", second.Converted, want.secondConverted},
		{"winback entered", winback.Entered, want.orders},
		{"winback coupons", winback.Coupons["back"], want.winbacks},
		{"winback messages", winback.Messages["mail"], want.winbacks},
		{"winback exited", winback.Exited, want.winbackRestarted},
		{"winback waiting", winback.Waiting, want.winbackWaiting},
		{"every-order coupons", every.Coupons["every"], want.orders},
	} {
		if check.got != check.want {
			t.Errorf("%s: the simulation says %d, the orders say %d", check.what, check.got, check.want)
		}
	}
}
