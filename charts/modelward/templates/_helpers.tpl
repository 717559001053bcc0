{{- define "modelward.name" -}}
{{- .Values.nameOverride | default .Chart.Name -}}
{{- end -}}

{{- /* The name of everything: the release's, with the chart's behind it unless it holds it already. */ -}}
{{- define "modelward.fullname" -}}
{{- $name := include "modelward.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 53 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "modelward.selectorLabels" -}}
app.kubernetes.io/name: {{ include "modelward.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- /* What tools read comes first and wins over commonLabels. */ -}}
{{- define "modelward.labels" -}}
{{- merge (include "modelward.ownLabels" . | fromYaml) .Values.commonLabels | toYaml -}}
{{- end -}}

{{- define "modelward.ownLabels" -}}
{{ include "modelward.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "modelward.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "modelward.fullname" .) -}}
{{- else -}}
{{- required "serviceAccount.name is required when serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "modelward.image" -}}
{{- with .Values.image.registry -}}{{ . }}/{{- end -}}
{{- .Values.image.repository -}}:{{- .Values.image.tag | default .Chart.AppVersion -}}
{{- with .Values.image.digest -}}@{{- . -}}{{- end -}}
{{- end -}}

{{- /* What the operator may do where it watches; the same in a ClusterRole and in the Role of one namespace. */ -}}
{{- define "modelward.rules" -}}
# what to watch, and the requests that come as annotations; never written
- apiGroups: [modelward.dev]
  resources: [modeldeployments]
  verbs: [get, list, watch]
# verdicts, history, conditions and the journal of rollbacks
- apiGroups: [modelward.dev]
  resources: [modeldeployments/status]
  verbs: [patch]
# which version serves, and putting the previous one back; nothing is created or deleted
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, list, watch, patch]
# which versions served before, read when a resource is seen for the first time
- apiGroups: [apps]
  resources: [replicasets]
  verbs: [get, list]
# the Secret that a resource names, read by its name; without list and watch no other one is ever seen
- apiGroups: [""]
  resources: [secrets]
  verbs: [get]
# telling people what happened, on the resource and on its Deployment
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}

{{- define "modelward.subject" -}}
- kind: ServiceAccount
  name: {{ include "modelward.serviceAccountName" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}

{{- /* Of the whole cluster, so the namespace belongs to it: two releases of one name may stand in two namespaces. */ -}}
{{- define "modelward.policyName" -}}
{{ include "modelward.fullname" . }}.{{ .Release.Namespace }}
{{- end -}}

{{- /* CEL: the keys whose value differs between two maps, but for some. */ -}}
{{- define "modelward.changedKeys" -}}
{{ .is }}.map(k, k).filter(k, !(k in {{ .but }}) && !(k in {{ .was }} && {{ .was }}[k] == {{ .is }}[k])) + {{ .was }}.map(k, k).filter(k, !(k in {{ .but }} || k in {{ .is }}))
{{- end -}}

{{- /* namespace and name in the metrics are the ModelDeployment's, not the pod's. */ -}}
{{- define "modelward.endpoint" -}}
- port: http
  path: /metrics
  interval: {{ .interval }}
  honorLabels: true
{{- end -}}
