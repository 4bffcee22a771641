//! DescribeConfigs.

use std::collections::BTreeMap;
use std::sync::Arc;

use kafka_protocol::messages::DescribeConfigsRequest;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::protocol::StrBytes;

use super::{Refusal, code};
use crate::cluster::{Cluster, patiently};
use crate::error::Error;

/// Settings by name; those without a value are left out.
pub type Settings = BTreeMap<String, String>;

/// The protocol's numbers for kinds of resources.
const TOPIC: i8 = 2;
const BROKER: i8 = 4;

/// Topics asked for in one request: answers stay small.
const AT_ONCE: usize = 500;

impl Cluster {
    /// The named settings of topics, defaults included.
    ///
    /// # Errors
    /// No broker answers.
    pub async fn topic_configs(
        &self,
        topics: &[Arc<str>],
        names: &[&str],
    ) -> Result<BTreeMap<Arc<str>, Result<Settings, Refusal>>, Error> {
        let mut configs = BTreeMap::new();
        for some in topics.chunks(AT_ONCE) {
            let resources = some.iter().map(|t| resource(TOPIC, t, names)).collect();
            configs.extend(self.configs(None, resources).await?);
        }
        Ok(configs)
    }

    /// The named settings of one broker.
    ///
    /// # Errors
    /// The broker does not answer.
    pub async fn broker_configs(
        &self,
        broker: i32,
        names: &[&str],
    ) -> Result<Result<Settings, Refusal>, Error> {
        let resources = vec![resource(BROKER, &broker.to_string(), names)];
        let mut configs = self.configs(Some(broker), resources).await?;
        Ok(configs.pop_first().map_or_else(|| Ok(Settings::new()), |(_, settings)| settings))
    }

    async fn configs(
        &self,
        broker: Option<i32>,
        resources: Vec<DescribeConfigsResource>,
    ) -> Result<BTreeMap<Arc<str>, Result<Settings, Refusal>>, Error> {
        let (answer, _) = patiently(self, || async {
            let connection = match broker {
                Some(id) => self.broker(id).await?,
                None => self.any().await?,
            };
            connection.call(|_| DescribeConfigsRequest::default().with_resources(resources.clone())).await
        })
        .await?;
        let told = answer.results.into_iter().map(|r| {
            let settings = code(r.error_code).map(|()| {
                let values = r
                    .configs
                    .iter()
                    .filter_map(|c| Some((c.name.to_string(), c.value.as_ref()?.to_string())));
                values.collect::<Settings>()
            });
            (Arc::from(r.resource_name.as_str()), settings)
        });
        Ok(told.collect())
    }
}

fn resource(kind: i8, name: &str, settings: &[&str]) -> DescribeConfigsResource {
    let keys = settings.iter().map(|n| StrBytes::from_string((*n).to_owned())).collect();
    DescribeConfigsResource::default()
        .with_resource_type(kind)
        .with_resource_name(StrBytes::from_string(name.to_owned()))
        .with_configuration_keys(Some(keys))
}
