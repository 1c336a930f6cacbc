//! A whole answer is believed and every other is none.

use super::*;
use crate::settings::Workspace;

/// Answers for one group and keeps the rest of Slack's errors.
struct Books(Result<Vec<&'static str>, &'static str>);

#[async_trait]
impl GroupCalls for Books {
    async fn users(
        &self,
        installation: &str,
        team: &str,
        group: &str,
    ) -> Result<Vec<String>, String> {
        assert_eq!((installation, team), ("T0123", "T0123"));
        if group != "S04SEC" {
            return Err("no_such_subteam".to_owned());
        }
        let listed = self.0.clone().map_err(str::to_owned)?;
        Ok(listed.into_iter().map(str::to_owned).collect())
    }
}

fn groups(teams: &[&str], books: Books) -> UserGroups {
    let workspace =
        |team: &&str| Workspace { team: (*team).to_owned(), bot_token: "xoxb-not-a-token".into() };
    let workspaces: Vec<Workspace> = teams.iter().map(workspace).collect();
    UserGroups::new(Arc::new(Tokens::fixed(&workspaces)), Arc::new(books))
}

async fn cause(groups: &UserGroups, address: &str) -> String {
    groups.members(address).await.expect_err("no answer").cause
}

#[tokio::test]
async fn the_accounts_of_a_group_are_those_of_its_workspace() {
    let groups = groups(&["T0123"], Books(Ok(vec!["U0ERIN", "W0FARID"])));
    let account = |user: &str| identity("T0123", user.to_owned());
    for address in ["S04SEC", "T0123/S04SEC"] {
        let members = groups.members(address).await.expect("a list");
        assert_eq!(members, [account("U0ERIN"), account("W0FARID")], "{address}");
    }
}

#[tokio::test]
async fn among_several_workspaces_the_group_names_its_own() {
    let groups = groups(&["T0123", "T0456"], Books(Ok(vec!["U0ERIN"])));
    assert!(cause(&groups, "S04SEC").await.contains("write `T…/S…`"));
    assert_eq!(groups.members("T0123/S04SEC").await.expect("a list").len(), 1);
}

#[tokio::test]
async fn what_is_no_whole_answer_is_no_answer() {
    let empty = groups(&["T0123"], Books(Ok(vec![])));
    assert!(cause(&empty, "S04SEC").await.contains("empty or disabled"));
    assert!(cause(&empty, "S0GONE").await.contains("no_such_subteam"));
    let no_plan = groups(&["T0123"], Books(Err("plan_upgrade_required")));
    assert!(cause(&no_plan, "S04SEC").await.contains("plan_upgrade_required"));
    let odd = groups(&["T0123"], Books(Ok(vec!["U0ERIN", ""])));
    assert!(cause(&odd, "S04SEC").await.contains("no user"));
}

#[tokio::test]
async fn a_workspace_without_the_app_and_a_name_are_no_groups() {
    let groups = groups(&["T0123"], Books(Ok(vec!["U0ERIN"])));
    assert!(cause(&groups, "T0999/S04SEC").await.contains("not installed in `T0999`"));
    for address in ["security", "T0123/@security", "E0123/S04SEC", "T0123/S04SEC/x", ""] {
        assert!(cause(&groups, address).await.contains("not a user group"), "{address}");
    }
}
