package shapes

// PoolKeys are the keys of a coupon pool.
var PoolKeys = []string{"name", "prefix", "budget", "per_member", "codes", "expires", "active", "quota"}

// poolShape declares a coupon pool.
func poolShape() *Shape {
	pool := mappingOf(
		ShapeKey{Name: "name", Value: shapeOf(ShapeString), Doc: "what people call it, as 新人券"},
		ShapeKey{Name: "prefix", Value: shapeOf(ShapeString), Doc: "what every code begins with"},
		ShapeKey{Name: "budget", Value: shapeOf(ShapeInt), Doc: "how many coupons there are; no limit when left out"},
		ShapeKey{Name: "per_member", Value: shapeOf(ShapeInt), Doc: "how many one member may get; no limit when left out"},
		ShapeKey{
			Name: "codes", Value: keywords("made", "imported"), Default: "made",
			Doc: "where codes come from: usher makes them, or they are loaded with `usher coupons import` and given out in the file's order",
		},
		ShapeKey{Name: "expires", Value: shapeOf(ShapeDuration), Doc: "how long a code holds after it was issued"},
		ShapeKey{
			Name: "active", Value: activeShape("When coupons are given."),
			Doc: "when coupons are given; none holds longer than its end, whatever `expires` says",
		},
		ShapeKey{Name: "quota", Value: quotaShape(), Doc: "how many coupons there are in a period, within the budget"},
	).named("pool", "A coupon pool.")
	pool.Keywords = []string{""}
	return pool
}

// RaffleKeys are the keys of a raffle.
var RaffleKeys = []string{"prizes", "per_member", "prizes_each", "draw", "active"}

// raffleShape declares a raffle.
func raffleShape() *Shape {
	prize := mappingOf(
		ShapeKey{Name: "count", Value: shapeOf(ShapeInt), Doc: "how many there are; any number when left out"},
		ShapeKey{Name: "odds", Value: shapeOf(ShapeAny), Doc: "without `draw`: how often a ticket hits it, as 1/50"},
	).named("prize", "A prize.")
	prize.Keywords = []string{""}
	return mappingOf(
		ShapeKey{
			Name: "prizes", Required: true, Value: &Shape{Kind: ShapeMapping, Rest: prize},
			Doc: "prizes by their names, the first first; they cannot change once there are tickets",
		},
		ShapeKey{Name: "per_member", Value: shapeOf(ShapeInt), Doc: "how many tickets one member may have; no limit when left out"},
		ShapeKey{Name: "prizes_each", Value: shapeOf(ShapeBool), Default: "false", Doc: "a member may win with each ticket; else once"},
		ShapeKey{
			Name: "draw", Value: shapeOf(ShapeMoment),
			Doc: "when all tickets are drawn together; entries come before it. Left out: each is drawn at once, by its odds",
		},
		ShapeKey{Name: "active", Value: activeShape("When entries are taken."), Doc: "when entries are taken"},
	).named("raffle", "A raffle.")
}

// pointsShape declares when points expire.
func pointsShape() *Shape {
	day := mappingOf(
		ShapeKey{Name: "month", Required: true, Value: shapeOf(ShapeInt), Doc: "the month, 1 to 12"},
		ShapeKey{Name: "day", Required: true, Value: shapeOf(ShapeInt), Doc: "the day of the month"},
	).named("expiry", "A day of each year.")
	return mappingOf(ShapeKey{
		Name: "expires", Required: true, Value: shapeOf(ShapeDuration).or(day),
		Doc: "how long after they were given, or the first such day after it: at the end of that day, where the member is",
	}).named("points", "When points expire.")
}

// LevelKeys are the keys of levels.
var LevelKeys = []string{"attribute", "by", "steps", "grace"}

// levelsShape declares which attribute follows which number.
func levelsShape() *Shape {
	return mappingOf(
		ShapeKey{
			Name: "attribute", Required: true, Value: shapeOf(ShapeLevel),
			Doc: "the enum attribute that is written, as level; below all steps it has its default, or is missing",
		},
		ShapeKey{Name: "by", Required: true, Value: shapeOf(ShapeExpression), Doc: "the number that it follows, as member.points"},
		ShapeKey{
			Name: "steps", Required: true, Value: &Shape{Kind: ShapeSteps, Rest: shapeOf(ShapeNumber)},
			Doc: "from which number on members have each level, rising in the order of the enum",
		},
		ShapeKey{Name: "grace", Value: shapeOf(ShapeDuration), Doc: "how long the number must be below before a level is lost; at once when left out"},
	).named("levels", "Which level members have: an attribute that follows a number.")
}
