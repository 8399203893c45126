//! Files by which Grafana finds the boards and the data by itself.

use serde::Serialize;

use super::super::{GeneratedFile, Generator};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dashboards {
    api_version: u32,
    providers: [Provider; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Provider {
    name: String,
    org_id: u32,
    folder: &'static str,
    r#type: &'static str,
    disable_deletion: bool,
    allow_ui_updates: bool,
    update_interval_seconds: u32,
    options: Directory,
}

#[derive(Serialize)]
struct Directory {
    path: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Datasources {
    api_version: u32,
    datasources: [Datasource; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Datasource {
    name: &'static str,
    r#type: &'static str,
    access: &'static str,
    url: String,
    is_default: bool,
    editable: bool,
    json_data: Settings,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    http_method: &'static str,
    time_interval: &'static str,
}

pub(super) fn dashboards(generator: &Generator, directory: &str) -> GeneratedFile {
    let comment =
        "Has Grafana load the dashboards of SLOs. Made by slo-core; lies in provisioning/dashboards.";
    let provider = Provider {
        name: format!("slo-{}", generator.service),
        org_id: 1,
        folder: "SLO",
        r#type: "file",
        disable_deletion: false,
        // What is changed by hand would be gone with the next release.
        allow_ui_updates: false,
        update_interval_seconds: 30,
        options: Directory { path: directory.to_owned() },
    };
    GeneratedFile::new(
        "slo-grafana-dashboards.yaml",
        comment,
        &Dashboards { api_version: 1, providers: [provider] },
    )
}

pub(super) fn datasource(url: &str) -> GeneratedFile {
    let comment = "Tells Grafana where Prometheus is. Made by slo-core; lies in provisioning/datasources.\n\
                   The interval is that between two scrapes.";
    let datasource = Datasource {
        name: "Prometheus",
        r#type: "prometheus",
        access: "proxy",
        url: url.to_owned(),
        is_default: true,
        editable: false,
        json_data: Settings { http_method: "POST", time_interval: "15s" },
    };
    GeneratedFile::new(
        "slo-grafana-datasource.yaml",
        comment,
        &Datasources { api_version: 1, datasources: [datasource] },
    )
}
