{{- define "escalation.name" -}}
{{- printf "%s-%s" .Release.Name .name | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "escalation.selector" -}}
app.kubernetes.io/name: escalation-worker
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: {{ .name }}
{{- end }}

{{- define "escalation.labels" -}}
{{ include "escalation.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "escalation.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{/* What every pod of ours has: nobody is root, nothing is written but /tmp, and no token of the cluster is handed in. */}}
{{- define "escalation.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
volumes:
  - name: tmp
    emptyDir: {sizeLimit: 64Mi}
  - name: secrets
    secret: {secretName: {{ .Values.secret.name }}, defaultMode: 0440}
  - name: contacts
    configMap: {name: {{ include "escalation.name" (merge (dict "name" "contacts") $) }}, optional: {{ .contactsOptional | default false }}}
{{- end }}

{{- define "escalation.container" -}}
image: {{ include "escalation.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
env:
  {{- range .Values.secret.keys }}
  - {name: {{ upper . }}_FILE, value: /run/secrets/escalation/{{ . }}}
  {{- end }}
  - {name: CONTACTS_FILE, value: /etc/escalation/contacts.toml}
  - {name: LIVENESS_FILE, value: /tmp/liveness}
  - {name: LOG_FORMAT, value: json}
  - {name: FLOWER_ADDRESS, value: 0.0.0.0}
  - {name: DESK_HOST, value: 0.0.0.0}
  - {name: EXPORTER_ADDRESS, value: 0.0.0.0}
  {{- range $name, $value := .Values.settings }}
  - {name: {{ $name }}, value: {{ $value | quote }}}
  {{- end }}
volumeMounts:
  - {name: tmp, mountPath: /tmp}
  - {name: secrets, mountPath: /run/secrets/escalation, readOnly: true}
  - {name: contacts, mountPath: /etc/escalation, readOnly: true}
{{- end }}
