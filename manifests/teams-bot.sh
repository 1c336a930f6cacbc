#!/bin/sh
# Registers the bot that Countersign is in Microsoft Teams, with the Azure command line: an app
# registration for one tenant, its secret, an Azure Bot that calls this service, and the channel to
# Teams. Needs `az login` by somebody who may register applications, and a subscription. The free
# tier of Azure Bot is enough. Run it once, in the folder of countersign.yaml.
set -eu

public_url=${PUBLIC_URL:-https://countersign.example}
name=${BOT_NAME:-countersign}
group=${RESOURCE_GROUP:-countersign}
location=${LOCATION:-westeurope}
secret_file=${SECRET_FILE:-secrets/teams-client.secret}

fail() {
    echo "error: $1" >&2
    exit 1
}

command -v az >/dev/null || fail "the Azure command line is not installed: https://aka.ms/azure-cli"
case $public_url in
https://*) ;;
*) fail "Teams calls https addresses alone, not $public_url: set PUBLIC_URL" ;;
esac
if [ -s "$secret_file" ]; then
    fail "$secret_file holds a secret already; move it away, or set SECRET_FILE"
fi

tenant_id=$(az account show --query tenantId --output tsv)
app_id=$(az ad app create --display-name "$name" --sign-in-audience AzureADMyOrg \
    --query appId --output tsv)

# The secret is shown once. It goes into its file and nowhere else.
umask 077
az ad app credential reset --id "$app_id" --display-name countersign --years 1 \
    --query password --output tsv >"$secret_file"

az group create --name "$group" --location "$location" --output none
az bot create --resource-group "$group" --name "$name" --app-type SingleTenant \
    --appid "$app_id" --tenant-id "$tenant_id" --endpoint "$public_url/teams/messages" \
    --sku F0 --output none
az bot msteams create --resource-group "$group" --name "$name" --output none

cat <<END
The bot is registered. For countersign.yaml:
  app_id: $app_id
  tenant_id: $tenant_id
Its secret is in $secret_file, and ends in a year. The app for Teams:
  countersign manifest teams --app-id $app_id --public-url $public_url
END
