//! `countersign manifest`: what a chat product is told about this service.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use countersign_slack::manifest::{Transport, manifest};
use countersign_teams::package::Package;
use url::Url;

use super::{End, Failure, output};

/// For which product.
#[derive(Debug, Args)]
pub struct Manifest {
    #[command(subcommand)]
    product: Product,
}

#[derive(Debug, Subcommand)]
enum Product {
    /// The manifest of the Slack app, to be pasted at “Create an app from a manifest”.
    Slack {
        /// How Slack reaches this service.
        #[arg(long, value_name = "URL")]
        public_url: String,
        /// Socket Mode: this service calls Slack, and needs no public address.
        #[arg(long)]
        socket: bool,
    },
    /// The app package for Microsoft Teams: a zip archive, to be uploaded in its admin centre.
    Teams {
        /// The app id of the Azure Bot.
        #[arg(long, value_name = "UUID")]
        app_id: String,
        /// How Teams reaches this service.
        #[arg(long, value_name = "URL")]
        public_url: Url,
        /// Of the package: Teams takes a changed one only with a higher version.
        #[arg(long, value_name = "VERSION", default_value = "1.0.0")]
        app_version: String,
        /// The file to write.
        #[arg(long, value_name = "FILE", default_value = "countersign.zip")]
        out: PathBuf,
    },
}

/// Writes text to stdout, and an archive to its file.
pub fn run(wanted: &Manifest) -> Result<End, Failure> {
    match &wanted.product {
        Product::Slack { public_url, socket } => {
            let transport = if *socket { Transport::Socket } else { Transport::Http };
            output::data(manifest(public_url, transport)?.trim_end());
        }
        Product::Teams { app_id, public_url, app_version, out } => {
            write(&Package { app_id, version: app_version, public_url }, out)?;
        }
    }
    Ok(End::Yes)
}

fn write(package: &Package<'_>, out: &Path) -> Result<(), Failure> {
    let archive = package.zip()?;
    fs::write(out, archive)
        .map_err(|error| format!("cannot write `{}`: {error}", out.display()))?;
    output::data(&format!("wrote {}", out.display()));
    Ok(())
}
