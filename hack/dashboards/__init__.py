"""The chart's Grafana dashboards, made with Grafana's own library, so that their form is Grafana's."""
