//! The road a person chose: the same server by another address, as a hub's would be.

use payung_sync::{Endpoint, HttpTransport, ServerAddress, Transport, TransportError};
use std::sync::Arc;

/// HTTP, by the invite's addresses or by a chosen one.
pub(crate) struct ChosenRoad {
    pub(crate) http: Arc<HttpTransport>,
    pub(crate) via: Option<ServerAddress>,
}

impl Transport for ChosenRoad {
    fn exchange(&self, server: &ServerAddress, endpoint: Endpoint, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.http.exchange(self.via.as_ref().unwrap_or(server), endpoint, body)
    }
}
