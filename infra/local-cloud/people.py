"""The users that the local stack comes with, and tokens for them."""

import base64
import json
import secrets
from dataclasses import dataclass

from cloud import Cloud

TENANTS = {"one": "t_5f1c09ab7d3e4826", "two": "t_c27d80e4196b4fa3"}
PLATFORM = "t_9d40be17f6a25c38"


@dataclass(frozen=True)
class Person:
    group: str
    tenant: str


PEOPLE = {
    "admin": Person("admin", TENANTS["one"]),
    "manager": Person("manager", TENANTS["one"]),
    "agent": Person("agent", TENANTS["one"]),
    "other_admin": Person("admin", TENANTS["two"]),
    "operator": Person("operator", PLATFORM),
    "service": Person("service", TENANTS["one"]),
}


@dataclass(frozen=True)
class SignedIn:
    user: str
    token: str


def sign_in_everyone(cloud: Cloud, pool: str, client: str) -> dict[str, SignedIn]:
    """Makes who is missing, gives everyone a new password and signs them in with it."""
    cognito = cloud.client("cognito-idp")
    known = {user["Username"] for user in cognito.list_users(UserPoolId=pool)["Users"]}
    return {name: sign_in(cognito, pool, client, name, person, name in known) for name, person in PEOPLE.items()}


def sign_in(cognito, pool: str, client: str, name: str, person: Person, exists: bool) -> SignedIn:
    password = f"Aa1{secrets.token_urlsafe(18)}"
    if not exists:
        cognito.admin_create_user(
            UserPoolId=pool, Username=name, MessageAction="SUPPRESS", TemporaryPassword=password,
            UserAttributes=[{"Name": "custom:tenant_id", "Value": person.tenant}],
        )  # fmt: skip
        cognito.admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName=person.group)
    cognito.admin_set_user_password(UserPoolId=pool, Username=name, Password=password, Permanent=True)
    answer = cognito.admin_initiate_auth(
        UserPoolId=pool, ClientId=client, AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": password},
    )  # fmt: skip
    token = answer["AuthenticationResult"]["IdToken"]
    return SignedIn(user=claims(token)["sub"], token=token)


def claims(token: str) -> dict:
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
