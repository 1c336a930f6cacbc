//! The methods: what each takes, what it asks of its caller, and where it is done. The names of
//! arguments are those of the reference at docs.slack.dev.

use super::{Turn, chat, connections, conversations, directory, oauth, view};
use crate::respond::{Refused, Said};

/// What a caller has to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    Nobody,
    /// An app-level token.
    App,
    /// A bot token.
    Bot,
    /// A bot token with this scope.
    Scope(&'static str),
}

/// How arguments may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bodies {
    /// A JSON body is not looked at.
    FormAlone,
    Either,
}

pub(super) struct Method {
    pub(super) name: &'static str,
    pub(super) needs: Needs,
    pub(super) bodies: Bodies,
    pub(super) arguments: &'static [&'static str],
    pub(super) run: fn(&mut Turn<'_>) -> Result<Said, Refused>,
}

pub(super) fn named(name: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.name == name)
}

const METHODS: &[Method] = &[
    Method {
        name: "chat.postMessage",
        needs: Needs::Scope("chat:write"),
        bodies: Bodies::Either,
        arguments: &[
            "channel",
            "text",
            "blocks",
            "attachments",
            "metadata",
            "thread_ts",
            "reply_broadcast",
            "parse",
            "link_names",
            "mrkdwn",
            "unfurl_links",
            "unfurl_media",
        ],
        run: chat::post_message,
    },
    Method {
        name: "chat.update",
        needs: Needs::Scope("chat:write"),
        bodies: Bodies::Either,
        arguments: &[
            "channel",
            "ts",
            "text",
            "blocks",
            "attachments",
            "metadata",
            "parse",
            "link_names",
            "reply_broadcast",
            "unfurl_links",
            "unfurl_media",
        ],
        run: chat::update,
    },
    Method {
        name: "chat.postEphemeral",
        needs: Needs::Scope("chat:write"),
        bodies: Bodies::Either,
        arguments: &[
            "channel",
            "user",
            "text",
            "blocks",
            "attachments",
            "thread_ts",
            "parse",
            "link_names",
        ],
        run: chat::post_ephemeral,
    },
    Method {
        name: "conversations.open",
        needs: Needs::Scope("im:write"),
        bodies: Bodies::Either,
        arguments: &["users", "channel", "return_im", "prevent_creation"],
        run: conversations::open,
    },
    Method {
        name: "conversations.info",
        needs: Needs::Bot,
        bodies: Bodies::FormAlone,
        arguments: &["channel", "include_locale", "include_num_members"],
        run: conversations::info,
    },
    Method {
        name: "users.info",
        needs: Needs::Scope("users:read"),
        bodies: Bodies::FormAlone,
        arguments: &["user", "include_locale"],
        run: directory::user,
    },
    Method {
        name: "users.lookupByEmail",
        needs: Needs::Scope("users:read.email"),
        bodies: Bodies::FormAlone,
        arguments: &["email"],
        run: directory::by_email,
    },
    Method {
        name: "usergroups.list",
        needs: Needs::Scope("usergroups:read"),
        bodies: Bodies::FormAlone,
        arguments: &["include_count", "include_disabled", "include_users", "team_id"],
        run: directory::groups,
    },
    Method {
        name: "usergroups.users.list",
        needs: Needs::Scope("usergroups:read"),
        bodies: Bodies::FormAlone,
        arguments: &["usergroup", "include_disabled", "team_id"],
        run: directory::members,
    },
    Method {
        name: "views.open",
        needs: Needs::Bot,
        bodies: Bodies::Either,
        arguments: &["trigger_id", "view"],
        run: view::open,
    },
    Method {
        name: "views.push",
        needs: Needs::Bot,
        bodies: Bodies::Either,
        arguments: &["trigger_id", "view"],
        run: view::push,
    },
    Method {
        name: "views.update",
        needs: Needs::Bot,
        bodies: Bodies::Either,
        arguments: &["view", "view_id", "external_id", "hash"],
        run: view::update,
    },
    Method {
        name: "views.publish",
        needs: Needs::Bot,
        bodies: Bodies::Either,
        arguments: &["user_id", "view", "hash"],
        run: view::publish,
    },
    Method {
        name: "auth.test",
        needs: Needs::Bot,
        bodies: Bodies::Either,
        arguments: &[],
        run: oauth::test,
    },
    Method {
        name: "auth.revoke",
        needs: Needs::Bot,
        bodies: Bodies::FormAlone,
        arguments: &["test"],
        run: |turn| Ok(oauth::revoke(turn)),
    },
    Method {
        name: "apps.uninstall",
        needs: Needs::Bot,
        bodies: Bodies::FormAlone,
        arguments: &["client_id", "client_secret"],
        run: oauth::uninstall,
    },
    Method {
        name: "apps.connections.open",
        needs: Needs::App,
        bodies: Bodies::Either,
        arguments: &[],
        run: |turn| Ok(connections::open(turn)),
    },
    Method {
        name: "oauth.v2.access",
        needs: Needs::Nobody,
        bodies: Bodies::FormAlone,
        arguments: &[
            "client_id",
            "client_secret",
            "code",
            "redirect_uri",
            "grant_type",
            "refresh_token",
        ],
        run: oauth::access,
    },
    Method {
        name: "oauth.v2.exchange",
        needs: Needs::Bot,
        bodies: Bodies::FormAlone,
        arguments: &["client_id", "client_secret"],
        run: oauth::exchange,
    },
];
