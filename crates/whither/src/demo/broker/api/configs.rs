//! DescribeConfigs, AlterConfigs and IncrementalAlterConfigs.
use std::collections::BTreeSet;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym,
};
use kafka_protocol::messages::{
    AlterConfigsRequest, AlterConfigsResponse, DescribeConfigsRequest, DescribeConfigsResponse,
    IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse, alter_configs_response,
    incremental_alter_configs_request as incremental, incremental_alter_configs_response,
};
use kafka_protocol::protocol::StrBytes;

use super::super::configs::{Setting, TOPIC_SETTINGS, TopicConfigs, broker_settings, find};
use super::super::state::{NODE_ID, Refused, State};
use super::text;

const TOPIC: i8 = 2;
const BROKER: i8 = 4;

const FROM_TOPIC: i8 = 1;
const FROM_BROKER_FILE: i8 = 4;
const FROM_DEFAULT: i8 = 5;

const OP_SET: i8 = 0;
const OP_DELETE: i8 = 1;
const OP_APPEND: i8 = 2;
const OP_SUBTRACT: i8 = 3;

/// Where the value in force comes from, as DescribeConfigs codes it.
pub(super) fn source(configs: &TopicConfigs, setting: &Setting) -> i8 {
    if configs.own(setting).is_some() { FROM_TOPIC } else { FROM_DEFAULT }
}

impl State {
    pub(crate) fn describe_configs(&self, request: &DescribeConfigsRequest) -> DescribeConfigsResponse {
        let results = request.resources.iter().map(|resource| {
            let response = DescribeConfigsResult::default()
                .with_resource_type(resource.resource_type)
                .with_resource_name(resource.resource_name.clone());
            match self.described(resource, request) {
                Ok(configs) => response.with_configs(configs),
                Err(refused) => response
                    .with_error_code(refused.error.code())
                    .with_error_message(Some(text(&refused.message))),
            }
        });
        DescribeConfigsResponse::default().with_results(results.collect())
    }

    fn described(
        &self,
        resource: &DescribeConfigsResource,
        request: &DescribeConfigsRequest,
    ) -> Result<Vec<DescribeConfigsResourceResult>, Refused> {
        let asked = |name: &str| {
            let keys = resource.configuration_keys.as_ref().filter(|keys| !keys.is_empty());
            keys.is_none_or(|keys| keys.iter().any(|key| **key == *name))
        };
        match resource.resource_type {
            TOPIC => {
                let configs = self.topic_configs(&resource.resource_name)?;
                let settings = TOPIC_SETTINGS.iter().filter(|setting| asked(setting.name));
                Ok(settings.map(|setting| describe(configs, setting, request)).collect())
            }
            BROKER => {
                check_broker(&resource.resource_name)?;
                let all = broker_settings(&self.options).into_iter().filter(|(name, _, _)| asked(name));
                let shown = all.map(|(name, kind, value)| {
                    DescribeConfigsResourceResult::default()
                        .with_name(text(name))
                        .with_value(Some(text(&value)))
                        .with_read_only(true)
                        .with_config_source(FROM_BROKER_FILE)
                        .with_config_type(kind as i8)
                });
                Ok(shown.collect())
            }
            _ => Ok(Vec::new()),
        }
    }

    fn topic_configs(&self, name: &str) -> Result<&TopicConfigs, Refused> {
        let unknown = || {
            Refused::new(
                ResponseError::UnknownTopicOrPartition,
                format!("The topic '{name}' does not exist."),
            )
        };
        self.topics.get(name).map(|topic| &topic.configs).ok_or_else(unknown)
    }

    pub(crate) fn alter_configs(&mut self, request: &AlterConfigsRequest) -> AlterConfigsResponse {
        let mut responses = Vec::with_capacity(request.resources.len());
        for resource in &request.resources {
            let mut configs = TopicConfigs::default();
            let sets = resource
                .configs
                .iter()
                .try_for_each(|config| set(&mut configs, &config.name, config.value.as_ref()));
            let result = sets.and_then(|()| {
                self.replace(resource.resource_type, &resource.resource_name, configs, request.validate_only)
            });
            let (error_code, message) = told(result);
            responses.push(
                alter_configs_response::AlterConfigsResourceResponse::default()
                    .with_error_code(error_code)
                    .with_error_message(message)
                    .with_resource_type(resource.resource_type)
                    .with_resource_name(resource.resource_name.clone()),
            );
        }
        AlterConfigsResponse::default().with_responses(responses)
    }

    pub(crate) fn incremental_alter_configs(
        &mut self,
        request: &IncrementalAlterConfigsRequest,
    ) -> IncrementalAlterConfigsResponse {
        let mut responses = Vec::with_capacity(request.resources.len());
        for resource in &request.resources {
            let changed = self.changed(resource);
            let result = changed.and_then(|configs| {
                self.replace(resource.resource_type, &resource.resource_name, configs, request.validate_only)
            });
            let (error_code, message) = told(result);
            responses.push(
                incremental_alter_configs_response::AlterConfigsResourceResponse::default()
                    .with_error_code(error_code)
                    .with_error_message(message)
                    .with_resource_type(resource.resource_type)
                    .with_resource_name(resource.resource_name.clone()),
            );
        }
        IncrementalAlterConfigsResponse::default().with_responses(responses)
    }

    fn changed(&self, resource: &incremental::AlterConfigsResource) -> Result<TopicConfigs, Refused> {
        check_alterable(resource.resource_type)?;
        let mut configs = self.topic_configs(&resource.resource_name)?.clone();
        for config in &resource.configs {
            change(&mut configs, config)?;
        }
        Ok(configs)
    }

    fn replace(
        &mut self,
        kind: i8,
        name: &str,
        configs: TopicConfigs,
        validate_only: bool,
    ) -> Result<(), Refused> {
        check_alterable(kind)?;
        self.topic_configs(name)?;
        if validate_only {
            return Ok(());
        }
        if let Some(topic) = self.topics.get_mut(name) {
            topic.configs = configs;
        }
        self.say(format_args!("configs of topic {name} changed"));
        Ok(())
    }
}

fn check_broker(name: &str) -> Result<(), Refused> {
    if name.is_empty() || name == NODE_ID.to_string() {
        return Ok(());
    }
    Err(Refused::new(
        ResponseError::InvalidRequest,
        format!("Unexpected broker id, expected {NODE_ID}, but received {name}"),
    ))
}

fn check_alterable(kind: i8) -> Result<(), Refused> {
    if kind == TOPIC {
        Ok(())
    } else {
        Err(Refused::new(ResponseError::InvalidRequest, "The demo broker alters topics' configs only."))
    }
}

fn describe(
    configs: &TopicConfigs,
    setting: &Setting,
    request: &DescribeConfigsRequest,
) -> DescribeConfigsResourceResult {
    let own = configs.own(setting);
    let from_topic = own.map(|value| synonym(setting.name, value, FROM_TOPIC));
    let synonyms =
        from_topic.into_iter().chain([synonym(setting.broker_name, setting.default, FROM_DEFAULT)]);
    DescribeConfigsResourceResult::default()
        .with_name(text(setting.name))
        .with_value(Some(text(configs.get(setting.name))))
        .with_config_source(source(configs, setting))
        .with_config_type(setting.kind as i8)
        .with_synonyms(if request.include_synonyms { synonyms.collect() } else { Vec::new() })
        .with_documentation(request.include_documentation.then(|| text(setting.about)))
}

fn synonym(name: &str, value: &str, source: i8) -> DescribeConfigsSynonym {
    DescribeConfigsSynonym::default().with_name(text(name)).with_value(Some(text(value))).with_source(source)
}

fn set(configs: &mut TopicConfigs, name: &str, value: Option<&StrBytes>) -> Result<(), Refused> {
    let value = value.ok_or_else(|| {
        Refused::new(ResponseError::InvalidRequest, format!("Null value not supported for {name}"))
    })?;
    configs.set(name, value).map_err(|message| Refused::new(ResponseError::InvalidConfig, message))
}

fn change(configs: &mut TopicConfigs, config: &incremental::AlterableConfig) -> Result<(), Refused> {
    let name: &str = &config.name;
    let Some(setting) = find(name) else {
        return Err(Refused::new(ResponseError::InvalidConfig, format!("Unknown topic config name: {name}")));
    };
    match config.config_operation {
        OP_SET => set(configs, name, config.value.as_ref()),
        OP_DELETE => {
            configs.unset(setting.name);
            Ok(())
        }
        operation @ (OP_APPEND | OP_SUBTRACT) => {
            if setting.kind != super::super::configs::Kind::List {
                return Err(Refused::new(
                    ResponseError::InvalidConfig,
                    format!("Can't append to or subtract from {name}: not a list"),
                ));
            }
            let said: BTreeSet<&str> = config.value.as_deref().unwrap_or_default().split(',').collect();
            let is = configs.get(name).to_owned();
            let mut list: Vec<&str> =
                is.split(',').filter(|item| !item.is_empty() && !said.contains(item)).collect();
            if operation == OP_APPEND {
                list.extend(said);
            }
            set(configs, name, Some(&text(&list.join(","))))
        }
        _ => Err(Refused::new(ResponseError::InvalidRequest, "Unknown operation")),
    }
}

fn told(result: Result<(), Refused>) -> (i16, Option<StrBytes>) {
    match result {
        Ok(()) => (0, None),
        Err(refused) => (refused.error.code(), Some(text(&refused.message))),
    }
}
