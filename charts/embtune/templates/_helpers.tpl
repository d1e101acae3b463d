{{- define "embtune.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* `embtune doctor` looks for the operator by these. */}}
{{- define "embtune.selector" -}}
app.kubernetes.io/name: embtune
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end -}}

{{- define "embtune.labels" -}}
{{ include "embtune.selector" . }}
app.kubernetes.io/part-of: embtune
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "embtune.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "embtune.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name is needed where serviceAccount.create is false: name the service account that the operator runs as" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* An image: (dict "image" .Values.image "root" .) */}}
{{- define "embtune.image" -}}
{{- if .image.digest -}}
{{- printf "%s@%s" .image.repository .image.digest -}}
{{- else -}}
{{- printf "%s:%s" .image.repository (default .root.Chart.AppVersion .image.tag) -}}
{{- end -}}
{{- end -}}

{{/* Name of the Secret with the store's credentials; empty: extraEnv says where they come from. */}}
{{- define "embtune.storeSecret" -}}
{{- $credentials := .Values.store.credentials -}}
{{- if $credentials.existingSecret -}}
{{- $credentials.existingSecret -}}
{{- else if $credentials.accessKeyId -}}
{{- printf "%s-store" (include "embtune.fullname" .) -}}
{{- else if not .Values.extraEnv -}}
{{- fail "store.credentials is needed: name a Secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in existingSecret, or set accessKeyId and secretAccessKey" -}}
{{- end -}}
{{- end -}}

{{/* The operator's settings, whole: what `embtune_operator.kube.platform.Platform` reads. */}}
{{- define "embtune.platform" -}}
{{- if not .Values.store.uri -}}
{{- fail "store.uri is needed: the bucket that versions are kept in, for example --set store.uri=s3://models/embtune" -}}
{{- end -}}
{{- $store := omit .Values.store "credentials" -}}
{{- $own := dict
  "store" $store
  "trainerImage" (include "embtune.image" (dict "image" .Values.trainerImage "root" .))
  "imagePullPolicy" .Values.trainerImage.pullPolicy
  "namespaces" .Values.namespaces
  "leaderElection" .Values.leaderElection
  "metricsPort" .Values.metricsPort
  "healthPort" .Values.healthPort -}}
{{- toYaml (merge $own .Values.platform) -}}
{{- end -}}
