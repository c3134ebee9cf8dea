package admin

// MetricNames lists the names of all metrics of ours.
func MetricNames() []string {
	var out []string
	for _, m := range metrics {
		out = append(out, "sluice_"+m.name)
	}
	return out
}
