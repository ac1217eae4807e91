#!/usr/bin/env bash
# Makes a folder in which crowdsec runs without network and without touching the system's own: the
# sshd collection of the hub that Debian ships, a local API of its own, no central one.
#   bench/peers/crowdsec.sh DIR      then: crowdsec -c DIR/config.yaml -dsn file://LOG -type syslog
set -euo pipefail
dir=$1
hub=/usr/share/crowdsec/hub
mkdir -p "$dir"/etc/parsers/{s00-raw,s01-parse,s02-enrich} "$dir"/etc/scenarios \
  "$dir"/etc/postoverflows "$dir"/{data,hub,log}
cp "$hub/parsers/s00-raw/crowdsecurity/syslog-logs.yaml" "$dir/etc/parsers/s00-raw/"
cp "$hub/parsers/s01-parse/crowdsecurity/sshd-logs.yaml" "$dir/etc/parsers/s01-parse/"
cp "$hub/parsers/s02-enrich/crowdsecurity/dateparse-enrich.yaml" "$dir/etc/parsers/s02-enrich/"
cp "$hub/scenarios/crowdsecurity/ssh-bf.yaml" "$hub/scenarios/crowdsecurity/ssh-slow-bf.yaml" \
  "$dir/etc/scenarios/"
cp "$hub/.index.json" "$dir/hub/"
cp -r /etc/crowdsec/patterns /etc/crowdsec/profiles.yaml "$dir/etc/"
echo 'simulation: false' >"$dir/etc/simulation.yaml"
: >"$dir/etc/local_api_credentials.yaml"
cat >"$dir/config.yaml" <<X
common: {daemonize: false, log_media: file, log_level: error, log_dir: $dir/log/, working_dir: .}
config_paths:
  config_dir: $dir/etc/
  data_dir: $dir/data/
  simulation_path: $dir/etc/simulation.yaml
  hub_dir: $dir/hub/
  index_path: $dir/hub/.index.json
  notification_dir: $dir/etc/notifications/
  plugin_dir: $dir/plugins/
crowdsec_service: {parser_routines: 1}
cscli: {output: human}
db_config: {log_level: error, type: sqlite, use_wal: true, db_path: $dir/data/crowdsec.db}
api:
  client: {credentials_path: $dir/etc/local_api_credentials.yaml}
  server: {log_level: error, listen_uri: "127.0.0.1:18080", profiles_path: $dir/etc/profiles.yaml}
prometheus: {enabled: false}
X
cscli -c "$dir/config.yaml" machines add bench --password bench --force \
  -f "$dir/etc/local_api_credentials.yaml" >/dev/null 2>&1
