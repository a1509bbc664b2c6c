package channel

import (
	"context"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks/schema"
)

func declareNull() declared {
	return declared{
		spec: schema.ChannelSpec{
			Type: "null",

			ReachesAll: true,

			Doc:     "Takes each message, counts it and throws it away: for benchmarks.",
			Attach:  allAttachments(),
			AnyData: true,
			Example: "nowhere: {type: \"null\"}",
		},
		make: func(name string, _ map[string]string, deps Deps) (Sender, error) {
			return nullSender{name: name, counted: deps.Counted}, nil
		},
	}
}

type nullSender struct {
	name    string
	counted func(channel string)
}

func (s nullSender) Send(context.Context, engine.Delivery, int) (string, error) {
	if s.counted != nil {
		s.counted(s.name)
	}
	return "", nil
}
