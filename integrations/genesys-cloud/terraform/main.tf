# Rendered from integrations/genesys-cloud/source; its tests fail where this is stale.
terraform {
  required_version = ">= 1.0"
  required_providers {
    genesyscloud = {
      source = "mypurecloud/genesyscloud"
    }
  }
}

variable "muster_url" {
  description = "Where Muster is, without a slash at its end: https://muster.example.com"
  type        = string
}

variable "login_url" {
  description = "The token endpoint of an issuer that Muster believes."
  type        = string
}

variable "client_id" {
  description = "Of the client that the issuer gives tokens with route:agent."
  type        = string
}

variable "client_secret" {
  description = "Its secret."
  type        = string
  sensitive   = true
}

variable "token_form" {
  description = "What the issuer wants to be asked, as a form."
  type        = string
  default     = "grant_type=client_credentials&scope=route:agent"
}

resource "genesyscloud_integration_credential" "muster" {
  name                 = "Muster"
  credential_type_name = "userDefinedOAuth"
  fields = {
    loginUrl     = var.login_url
    clientId     = var.client_id
    clientSecret = var.client_secret
  }
}

resource "genesyscloud_integration" "muster" {
  intended_state   = "ENABLED"
  integration_type = "custom-rest-actions"
  config {
    name = "Muster"
    credentials = {
      basicAuth = genesyscloud_integration_credential.muster.id
    }
  }
}

resource "genesyscloud_integration_custom_auth_action" "muster" {
  integration_id = genesyscloud_integration.muster.id
  config_request {
    request_url_template = "$${credentials.loginUrl}"
    request_type         = "POST"
    request_template     = var.token_form
    headers = {
      Authorization = "Basic $encoding.base64(\"$${credentials.clientId}:$${credentials.clientSecret}\")"
      Content-Type  = "application/x-www-form-urlencoded"
      Accept        = "application/json"
    }
  }
  config_response {
    success_template = "$${rawResult}"
  }
}

resource "genesyscloud_integration_action" "claim" {
  name                   = "Muster claim"
  category               = "Muster"
  integration_id         = genesyscloud_integration.muster.id
  secure                 = false
  config_timeout_seconds = 5
  contract_input = jsonencode({
    "$schema" : "http://json-schema.org/draft-04/schema#",
    "title" : "Muster claim: input",
    "type" : "object",
    "required" : [
      "queue",
      "call_id"
    ],
    "properties" : {
      "queue" : {
        "type" : "string",
        "description" : "The queue in Muster: a virtual queue, or connection:queue id."
      },
      "call_id" : {
        "type" : "string",
        "description" : "Call.ConversationId, and nothing else: Muster follows the conversation by it."
      },
      "skills" : {
        "type" : "string",
        "description" : "Skills with levels, billing:60,refunds; empty for none."
      },
      "language" : {
        "type" : "string",
        "description" : "A skill by its name alone; empty for none."
      },
      "media" : {
        "type" : "string",
        "description" : "voice, callback, chat, message, email, ...; empty for voice."
      }
    },
    "additionalProperties" : true
  })
  contract_output = jsonencode({
    "$schema" : "http://json-schema.org/draft-04/schema#",
    "title" : "Muster claim: output",
    "type" : "object",
    "required" : [
      "found",
      "agent_id",
      "connection",
      "user_id",
      "claim_id",
      "expires_in_ms",
      "replicated",
      "queue",
      "age_ms",
      "authority",
      "verified",
      "reason",
      "detail",
      "retry_after_ms"
    ],
    "properties" : {
      "found" : {
        "type" : "boolean",
        "description" : "Whether an agent has been claimed for the call."
      },
      "agent_id" : {
        "type" : "string",
        "description" : "The agent in Muster."
      },
      "connection" : {
        "type" : "string",
        "description" : "The account that the agent belongs to, as named in Muster's config."
      },
      "user_id" : {
        "type" : "string",
        "description" : "The agent's user id on that platform."
      },
      "claim_id" : {
        "type" : "string",
        "description" : "The claim, for the other actions."
      },
      "expires_in_ms" : {
        "type" : "integer",
        "description" : "How long the agent is held, in ms."
      },
      "replicated" : {
        "type" : "boolean",
        "description" : "Whether a replica of the store holds the claim."
      },
      "queue" : {
        "type" : "string",
        "description" : "The requested queue."
      },
      "age_ms" : {
        "type" : "integer",
        "description" : "How old the oldest data are that the answer rests on, in ms."
      },
      "authority" : {
        "type" : "string",
        "description" : "Source of the grant: home, verified, or copy if the home of an existing claim could not be asked; empty if no agent was found."
      },
      "verified" : {
        "type" : "boolean",
        "description" : "Granted on behalf of the agent's home, verified by the platform."
      },
      "reason" : {
        "type" : "string",
        "description" : "Why no agent was found."
      },
      "detail" : {
        "type" : "string",
        "description" : "The same, for people."
      },
      "retry_after_ms" : {
        "type" : "integer",
        "description" : "When to ask again, in ms: never sooner."
      }
    },
    "additionalProperties" : true
  })
  config_request {
    request_url_template = "${var.muster_url}/v1/route"
    request_type         = "POST"
    request_template     = "{\"queue\": \"$esc.jsonString(\"$!{input.queue}\")\", \"call_id\": \"$esc.jsonString(\"$!{input.call_id}\")\", \"skills\": \"$esc.jsonString(\"$!{input.skills}\")\", \"language\": \"$esc.jsonString(\"$!{input.language}\")\", \"media\": \"$esc.jsonString(\"$!{input.media}\")\", \"budget_ms\": 1500}"
    headers = {
      Content-Type  = "application/json"
      Accept        = "application/json"
      Authorization = "$${authResponse.token_type} $${authResponse.access_token}"
    }
  }
  config_response {
    translation_map = {
      found          = "$.found"
      agent_id       = "$.agent_id"
      connection     = "$.connection"
      user_id        = "$.user_id"
      claim_id       = "$.claim_id"
      expires_in_ms  = "$.expires_in_ms"
      replicated     = "$.replicated"
      queue          = "$.queue"
      age_ms         = "$.age_ms"
      authority      = "$.authority"
      verified       = "$.verified"
      reason         = "$.reason"
      detail         = "$.detail"
      retry_after_ms = "$.retry_after_ms"
    }
    translation_map_defaults = {
      agent_id       = "\"\""
      connection     = "\"\""
      user_id        = "\"\""
      claim_id       = "\"\""
      expires_in_ms  = "0"
      replicated     = "false"
      queue          = "\"\""
      age_ms         = "0"
      authority      = "\"\""
      verified       = "false"
      reason         = "\"\""
      detail         = "\"\""
      retry_after_ms = "0"
    }
    success_template = "{\"found\": $${found}, \"agent_id\": $${agent_id}, \"connection\": $${connection}, \"user_id\": $${user_id}, \"claim_id\": $${claim_id}, \"expires_in_ms\": $${expires_in_ms}, \"replicated\": $${replicated}, \"queue\": $${queue}, \"age_ms\": $${age_ms}, \"authority\": $${authority}, \"verified\": $${verified}, \"reason\": $${reason}, \"detail\": $${detail}, \"retry_after_ms\": $${retry_after_ms}}"
  }
}

resource "genesyscloud_integration_action" "claim_and_assign" {
  name                   = "Muster claim and assign"
  category               = "Muster"
  integration_id         = genesyscloud_integration.muster.id
  secure                 = false
  config_timeout_seconds = 5
  contract_input = jsonencode({
    "$schema" : "http://json-schema.org/draft-04/schema#",
    "title" : "Muster claim and assign: input",
    "type" : "object",
    "required" : [
      "queue",
      "call_id"
    ],
    "properties" : {
      "queue" : {
        "type" : "string",
        "description" : "The queue in Muster: a virtual queue, or connection:queue id."
      },
      "call_id" : {
        "type" : "string",
        "description" : "Call.ConversationId, and nothing else: Muster follows the conversation by it."
      },
      "skills" : {
        "type" : "string",
        "description" : "Skills with levels, billing:60,refunds; empty for none."
      },
      "language" : {
        "type" : "string",
        "description" : "A skill by its name alone; empty for none."
      },
      "media" : {
        "type" : "string",
        "description" : "voice, callback, chat, message, email, ...; empty for voice."
      }
    },
    "additionalProperties" : true
  })
  contract_output = jsonencode({
    "$schema" : "http://json-schema.org/draft-04/schema#",
    "title" : "Muster claim and assign: output",
    "type" : "object",
    "required" : [
      "found",
      "agent_id",
      "connection",
      "user_id",
      "claim_id",
      "expires_in_ms",
      "replicated",
      "queue",
      "age_ms",
      "authority",
      "verified",
      "reason",
      "detail",
      "retry_after_ms",
      "delivered"
    ],
    "properties" : {
      "found" : {
        "type" : "boolean",
        "description" : "Whether an agent has been claimed for the call."
      },
      "agent_id" : {
        "type" : "string",
        "description" : "The agent in Muster."
      },
      "connection" : {
        "type" : "string",
        "description" : "The account that the agent belongs to, as named in Muster's config."
      },
      "user_id" : {
        "type" : "string",
        "description" : "The agent's user id on that platform."
      },
      "claim_id" : {
        "type" : "string",
        "description" : "The claim, for the other actions."
      },
      "expires_in_ms" : {
        "type" : "integer",
        "description" : "How long the agent is held, in ms."
      },
      "replicated" : {
        "type" : "boolean",
        "description" : "Whether a replica of the store holds the claim."
      },
      "queue" : {
        "type" : "string",
        "description" : "The requested queue."
      },
      "age_ms" : {
        "type" : "integer",
        "description" : "How old the oldest data are that the answer rests on, in ms."
      },
      "authority" : {
        "type" : "string",
        "description" : "Source of the grant: home, verified, or copy if the home of an existing claim could not be asked; empty if no agent was found."
      },
      "verified" : {
        "type" : "boolean",
        "description" : "Granted on behalf of the agent's home, verified by the platform."
      },
      "reason" : {
        "type" : "string",
        "description" : "Why no agent was found."
      },
      "detail" : {
        "type" : "string",
        "description" : "The same, for people."
      },
      "retry_after_ms" : {
        "type" : "integer",
        "description" : "When to ask again, in ms: never sooner."
      },
      "delivered" : {
        "type" : "string",
        "description" : "accepted: the platform has accepted the assignment. unknown: it did not answer in time; do not transfer, ask again. by_caller: Muster cannot assign calls on the platform of the agent; send the call there. Empty if no agent was found."
      }
    },
    "additionalProperties" : true
  })
  config_request {
    request_url_template = "${var.muster_url}/v1/route"
    request_type         = "POST"
    request_template     = "{\"queue\": \"$esc.jsonString(\"$!{input.queue}\")\", \"call_id\": \"$esc.jsonString(\"$!{input.call_id}\")\", \"skills\": \"$esc.jsonString(\"$!{input.skills}\")\", \"language\": \"$esc.jsonString(\"$!{input.language}\")\", \"media\": \"$esc.jsonString(\"$!{input.media}\")\", \"deliver\": \"assign\", \"budget_ms\": 1500}"
    headers = {
      Content-Type  = "application/json"
      Accept        = "application/json"
      Authorization = "$${authResponse.token_type} $${authResponse.access_token}"
    }
  }
  config_response {
    translation_map = {
      found          = "$.found"
      agent_id       = "$.agent_id"
      connection     = "$.connection"
      user_id        = "$.user_id"
      claim_id       = "$.claim_id"
      expires_in_ms  = "$.expires_in_ms"
      replicated     = "$.replicated"
      queue          = "$.queue"
      age_ms         = "$.age_ms"
      authority      = "$.authority"
      verified       = "$.verified"
      reason         = "$.reason"
      detail         = "$.detail"
      retry_after_ms = "$.retry_after_ms"
      delivered      = "$.delivered"
    }
    translation_map_defaults = {
      agent_id       = "\"\""
      connection     = "\"\""
      user_id        = "\"\""
      claim_id       = "\"\""
      expires_in_ms  = "0"
      replicated     = "false"
      queue          = "\"\""
      age_ms         = "0"
      authority      = "\"\""
      verified       = "false"
      reason         = "\"\""
      detail         = "\"\""
      retry_after_ms = "0"
      delivered      = "\"\""
    }
    success_template = "{\"found\": $${found}, \"agent_id\": $${agent_id}, \"connection\": $${connection}, \"user_id\": $${user_id}, \"claim_id\": $${claim_id}, \"expires_in_ms\": $${expires_in_ms}, \"replicated\": $${replicated}, \"queue\": $${queue}, \"age_ms\": $${age_ms}, \"authority\": $${authority}, \"verified\": $${verified}, \"reason\": $${reason}, \"detail\": $${detail}, \"retry_after_ms\": $${retry_after_ms}, \"delivered\": $${delivered}}"
  }
}

resource "genesyscloud_integration_action" "confirm" {
  name                   = "Muster confirm"
  category               = "Muster"
  integration_id         = genesyscloud_integration.muster.id
  secure                 = false
  config_timeout_seconds = 5
  contract_input = jsonencode({
    "$schema" : "http://json-schema.org/draft-04/schema#",
    "title" : "Muster confirm: input",
    "type" : "object",
    "required" : [
      "call_id"
    ],
    "properties" : {
      "call_id" : {
        "type" : "string",
        "description" : "Call.ConversationId: used if claim_id is empty."
      },
      "claim_id" : {
        "type" : "string",
        "description" : "From the claim; empty if only the call is known."
      }
    },
    "additionalProperties" : true
  })
  contract_output = jsonencode({
    "$schema" : "http://json-schema.org/draft-04/schema#",
    "title" : "Muster confirm: output",
    "type" : "object",
    "required" : [
      "done",
      "state",
      "claim_id",
      "expires_in_ms",
      "reason",
      "detail"
    ],
    "properties" : {
      "done" : {
        "type" : "boolean",
        "description" : "Whether the settlement was done."
      },
      "state" : {
        "type" : "string",
        "description" : "HELD, CONFIRMED, WRAP_UP or ENDED."
      },
      "claim_id" : {
        "type" : "string",
        "description" : "The claim."
      },
      "expires_in_ms" : {
        "type" : "integer",
        "description" : "How long the agent is still held, in ms."
      },
      "reason" : {
        "type" : "string",
        "description" : "Why it was not done."
      },
      "detail" : {
        "type" : "string",
        "description" : "The same, for people."
      }
    },
    "additionalProperties" : true
  })
  config_request {
    request_url_template = "${var.muster_url}/v1/route/settle"
    request_type         = "POST"
    request_template     = "{\"call_id\": \"$esc.jsonString(\"$!{input.call_id}\")\", \"claim_id\": \"$esc.jsonString(\"$!{input.claim_id}\")\", \"settlement\": \"confirm\"}"
    headers = {
      Content-Type  = "application/json"
      Accept        = "application/json"
      Authorization = "$${authResponse.token_type} $${authResponse.access_token}"
    }
  }
  config_response {
    translation_map = {
      done          = "$.done"
      state         = "$.state"
      claim_id      = "$.claim_id"
      expires_in_ms = "$.expires_in_ms"
      reason        = "$.reason"
      detail        = "$.detail"
    }
    translation_map_defaults = {
      state         = "\"\""
      claim_id      = "\"\""
      expires_in_ms = "0"
      reason        = "\"\""
      detail        = "\"\""
    }
    success_template = "{\"done\": $${done}, \"state\": $${state}, \"claim_id\": $${claim_id}, \"expires_in_ms\": $${expires_in_ms}, \"reason\": $${reason}, \"detail\": $${detail}}"
  }
}

resource "genesyscloud_integration_action" "release" {
  name                   = "Muster release"
  category               = "Muster"
  integration_id         = genesyscloud_integration.muster.id
  secure                 = false
  config_timeout_seconds = 5
  contract_input = jsonencode({
    "$schema" : "http://json-schema.org/draft-04/schema#",
    "title" : "Muster release: input",
    "type" : "object",
    "required" : [
      "settlement",
      "call_id"
    ],
    "properties" : {
      "settlement" : {
        "type" : "string",
        "description" : "release, or refused if the platform did not deliver the call to the agent."
      },
      "call_id" : {
        "type" : "string",
        "description" : "Call.ConversationId: used if claim_id is empty."
      },
      "claim_id" : {
        "type" : "string",
        "description" : "From the claim; empty if only the call is known."
      }
    },
    "additionalProperties" : true
  })
  contract_output = jsonencode({
    "$schema" : "http://json-schema.org/draft-04/schema#",
    "title" : "Muster release: output",
    "type" : "object",
    "required" : [
      "done",
      "state",
      "claim_id",
      "expires_in_ms",
      "reason",
      "detail"
    ],
    "properties" : {
      "done" : {
        "type" : "boolean",
        "description" : "Whether the settlement was done."
      },
      "state" : {
        "type" : "string",
        "description" : "HELD, CONFIRMED, WRAP_UP or ENDED."
      },
      "claim_id" : {
        "type" : "string",
        "description" : "The claim."
      },
      "expires_in_ms" : {
        "type" : "integer",
        "description" : "How long the agent is still held, in ms."
      },
      "reason" : {
        "type" : "string",
        "description" : "Why it was not done."
      },
      "detail" : {
        "type" : "string",
        "description" : "The same, for people."
      }
    },
    "additionalProperties" : true
  })
  config_request {
    request_url_template = "${var.muster_url}/v1/route/settle"
    request_type         = "POST"
    request_template     = "{\"settlement\": \"$esc.jsonString(\"$!{input.settlement}\")\", \"call_id\": \"$esc.jsonString(\"$!{input.call_id}\")\", \"claim_id\": \"$esc.jsonString(\"$!{input.claim_id}\")\"}"
    headers = {
      Content-Type  = "application/json"
      Accept        = "application/json"
      Authorization = "$${authResponse.token_type} $${authResponse.access_token}"
    }
  }
  config_response {
    translation_map = {
      done          = "$.done"
      state         = "$.state"
      claim_id      = "$.claim_id"
      expires_in_ms = "$.expires_in_ms"
      reason        = "$.reason"
      detail        = "$.detail"
    }
    translation_map_defaults = {
      state         = "\"\""
      claim_id      = "\"\""
      expires_in_ms = "0"
      reason        = "\"\""
      detail        = "\"\""
    }
    success_template = "{\"done\": $${done}, \"state\": $${state}, \"claim_id\": $${claim_id}, \"expires_in_ms\": $${expires_in_ms}, \"reason\": $${reason}, \"detail\": $${detail}}"
  }
}

resource "genesyscloud_integration_action" "complete" {
  name                   = "Muster complete"
  category               = "Muster"
  integration_id         = genesyscloud_integration.muster.id
  secure                 = false
  config_timeout_seconds = 5
  contract_input = jsonencode({
    "$schema" : "http://json-schema.org/draft-04/schema#",
    "title" : "Muster complete: input",
    "type" : "object",
    "required" : [
      "call_id"
    ],
    "properties" : {
      "call_id" : {
        "type" : "string",
        "description" : "Call.ConversationId: used if claim_id is empty."
      },
      "claim_id" : {
        "type" : "string",
        "description" : "From the claim; empty if only the call is known."
      }
    },
    "additionalProperties" : true
  })
  contract_output = jsonencode({
    "$schema" : "http://json-schema.org/draft-04/schema#",
    "title" : "Muster complete: output",
    "type" : "object",
    "required" : [
      "done",
      "state",
      "claim_id",
      "expires_in_ms",
      "reason",
      "detail"
    ],
    "properties" : {
      "done" : {
        "type" : "boolean",
        "description" : "Whether the settlement was done."
      },
      "state" : {
        "type" : "string",
        "description" : "HELD, CONFIRMED, WRAP_UP or ENDED."
      },
      "claim_id" : {
        "type" : "string",
        "description" : "The claim."
      },
      "expires_in_ms" : {
        "type" : "integer",
        "description" : "How long the agent is still held, in ms."
      },
      "reason" : {
        "type" : "string",
        "description" : "Why it was not done."
      },
      "detail" : {
        "type" : "string",
        "description" : "The same, for people."
      }
    },
    "additionalProperties" : true
  })
  config_request {
    request_url_template = "${var.muster_url}/v1/route/settle"
    request_type         = "POST"
    request_template     = "{\"call_id\": \"$esc.jsonString(\"$!{input.call_id}\")\", \"claim_id\": \"$esc.jsonString(\"$!{input.claim_id}\")\", \"settlement\": \"complete\"}"
    headers = {
      Content-Type  = "application/json"
      Accept        = "application/json"
      Authorization = "$${authResponse.token_type} $${authResponse.access_token}"
    }
  }
  config_response {
    translation_map = {
      done          = "$.done"
      state         = "$.state"
      claim_id      = "$.claim_id"
      expires_in_ms = "$.expires_in_ms"
      reason        = "$.reason"
      detail        = "$.detail"
    }
    translation_map_defaults = {
      state         = "\"\""
      claim_id      = "\"\""
      expires_in_ms = "0"
      reason        = "\"\""
      detail        = "\"\""
    }
    success_template = "{\"done\": $${done}, \"state\": $${state}, \"claim_id\": $${claim_id}, \"expires_in_ms\": $${expires_in_ms}, \"reason\": $${reason}, \"detail\": $${detail}}"
  }
}
