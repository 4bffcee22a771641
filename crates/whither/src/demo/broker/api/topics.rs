//! CreateTopics, DeleteTopics and CreatePartitions.
use std::collections::BTreeSet;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_partitions_response::CreatePartitionsTopicResult;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::create_topics_response::{CreatableTopicConfigs, CreatableTopicResult};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::delete_topics_response::DeletableTopicResult;
use kafka_protocol::messages::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse,
    DeleteTopicsRequest, DeleteTopicsResponse, TopicName,
};
use uuid::Uuid;

use super::super::configs::{TOPIC_SETTINGS, TopicConfigs};
use super::super::log::Log;
use super::super::state::{NODE_ID, Refused, State};
use super::configs::source;
use super::text;

/// First version of DeleteTopics that names topics by id or name.
const STATES_FROM: i16 = 6;

impl State {
    pub(crate) fn create_topics(&mut self, request: &CreateTopicsRequest) -> CreateTopicsResponse {
        let mut names = BTreeSet::new();
        let twice: BTreeSet<&TopicName> =
            request.topics.iter().map(|topic| &topic.name).filter(|name| !names.insert(*name)).collect();
        let mut topics = Vec::with_capacity(request.topics.len());
        for topic in &request.topics {
            let result = if twice.contains(&topic.name) {
                Err(Refused::new(ResponseError::InvalidRequest, "Duplicate topic name."))
            } else {
                self.create_one(topic, request.validate_only)
            };
            let response = CreatableTopicResult::default().with_name(topic.name.clone());
            topics.push(match result {
                Ok((id, partitions, configs)) => response
                    .with_topic_id(id)
                    .with_num_partitions(partitions)
                    .with_replication_factor(1)
                    .with_configs(Some(shown(&configs))),
                Err(refused) => response
                    .with_error_code(refused.error.code())
                    .with_error_message(Some(text(&refused.message)))
                    .with_num_partitions(-1)
                    .with_replication_factor(-1)
                    .with_configs(Some(Vec::new())),
            });
        }
        CreateTopicsResponse::default().with_topics(topics)
    }

    fn create_one(
        &mut self,
        topic: &CreatableTopic,
        validate_only: bool,
    ) -> Result<(Uuid, i32, TopicConfigs), Refused> {
        let partitions = self.wanted_partitions(topic)?;
        let mut configs = TopicConfigs::default();
        for config in &topic.configs {
            let value = config.value.as_ref().ok_or_else(|| {
                Refused::new(
                    ResponseError::InvalidConfig,
                    format!("Null value not supported for {}", config.name),
                )
            })?;
            configs
                .set(&config.name, value)
                .map_err(|message| Refused::new(ResponseError::InvalidConfig, message))?;
        }
        if validate_only {
            self.check_new_topic(&topic.name, partitions)?;
            return Ok((Uuid::nil(), partitions, configs));
        }
        let id = self.create_topic(&topic.name, partitions, configs.clone())?;
        Ok((id, partitions, configs))
    }

    fn wanted_partitions(&self, topic: &CreatableTopic) -> Result<i32, Refused> {
        if topic.assignments.is_empty() {
            if !matches!(topic.replication_factor, -1 | 1) {
                let message = format!(
                    "Unable to replicate the partition {} time(s): The target replication factor of {} cannot be reached because only 1 broker(s) are registered.",
                    topic.replication_factor, topic.replication_factor
                );
                return Err(Refused::new(ResponseError::InvalidReplicationFactor, message));
            }
            return Ok(if topic.num_partitions == -1 {
                self.options.default_partitions
            } else {
                topic.num_partitions
            });
        }
        let numbers: BTreeSet<i32> =
            topic.assignments.iter().map(|assignment| assignment.partition_index).collect();
        let here = topic
            .assignments
            .iter()
            .all(|assignment| matches!(assignment.broker_ids.as_slice(), [id] if id.0 == NODE_ID));
        if !here || !numbers.iter().copied().eq((0i32..).take(topic.assignments.len())) {
            return Err(Refused::new(
                ResponseError::InvalidReplicaAssignment,
                "Every partition must be assigned to broker 1, once.",
            ));
        }
        i32::try_from(numbers.len())
            .map_err(|_| Refused::new(ResponseError::InvalidPartitions, "Too many partitions."))
    }

    pub(crate) fn delete_topics(
        &mut self,
        request: &DeleteTopicsRequest,
        version: i16,
    ) -> DeleteTopicsResponse {
        let by_name =
            request.topic_names.iter().map(|name| DeleteTopicState::default().with_name(Some(name.clone())));
        let asked: Vec<DeleteTopicState> =
            if version >= STATES_FROM { request.topics.clone() } else { by_name.collect() };
        let responses = asked.iter().map(|asked| self.delete_one(asked)).collect();
        DeleteTopicsResponse::default().with_responses(responses)
    }

    fn delete_one(&mut self, asked: &DeleteTopicState) -> DeletableTopicResult {
        let found = match &asked.name {
            Some(name) => self.topics.get(name),
            None => self.topics.by_id(asked.topic_id),
        };
        let found = found.map(|topic| (topic.name.clone(), topic.id, topic.is_internal()));
        let response =
            DeletableTopicResult::default().with_name(asked.name.clone()).with_topic_id(asked.topic_id);
        let error = match found {
            None if asked.name.is_none() => ResponseError::UnknownTopicId,
            None => ResponseError::UnknownTopicOrPartition,
            Some((_, _, true)) => ResponseError::InvalidTopicException,
            Some((name, id, false)) => {
                self.delete_topic(&name);
                return response.with_name(Some(TopicName(text(&name)))).with_topic_id(id);
            }
        };
        response.with_error_code(error.code()).with_error_message(Some(text(&error.to_string())))
    }

    pub(crate) fn create_partitions(
        &mut self,
        request: &CreatePartitionsRequest,
    ) -> CreatePartitionsResponse {
        let mut results = Vec::with_capacity(request.topics.len());
        for topic in &request.topics {
            let response = CreatePartitionsTopicResult::default().with_name(topic.name.clone());
            results.push(match self.grow(topic, request.validate_only) {
                Ok(()) => response,
                Err(refused) => response
                    .with_error_code(refused.error.code())
                    .with_error_message(Some(text(&refused.message))),
            });
        }
        CreatePartitionsResponse::default().with_results(results)
    }

    fn grow(&mut self, asked: &CreatePartitionsTopic, validate_only: bool) -> Result<(), Refused> {
        let unknown = || {
            Refused::new(
                ResponseError::UnknownTopicOrPartition,
                "This server does not host this topic-partition.",
            )
        };
        let topic = self.topics.get(&asked.name).ok_or_else(unknown)?;
        let has = topic.partitions.len();
        let wanted = usize::try_from(asked.count).unwrap_or(0);
        if wanted <= has || topic.is_internal() {
            let message =
                format!("Topic currently has {has} partitions, which is higher than the requested {wanted}.");
            return Err(Refused::new(ResponseError::InvalidPartitions, message));
        }
        self.check_room(wanted - has)?;
        if !validate_only {
            if let Some(topic) = self.topics.get_mut(&asked.name) {
                topic.partitions.resize_with(wanted, Log::default);
            }
            self.log_changed();
            self.say(format_args!("topic {} grew from {has} to {wanted} partitions", &*asked.name));
        }
        Ok(())
    }
}

fn shown(configs: &TopicConfigs) -> Vec<CreatableTopicConfigs> {
    let each = TOPIC_SETTINGS.iter().map(|setting| {
        CreatableTopicConfigs::default()
            .with_name(text(setting.name))
            .with_value(Some(text(configs.get(setting.name))))
            .with_config_source(source(configs, setting))
    });
    each.collect()
}
