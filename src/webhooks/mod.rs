//! Webhooks: the story of a delivery, from a published event to a partner's endpoint that heard it.
