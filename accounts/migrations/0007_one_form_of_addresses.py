"""The domain of every address in ASCII, as new ones are stored: `ada@münchen.example` and its punycode are one mailbox.

Where both are there already, the second stays as it is: two logins cannot be made one.
"""

import unicodedata

from django.db import migrations

LETTERS_AND_DIGITS = {"Ll", "Lm", "Lo", "Mn", "Mc", "Nd"}
LONGEST = 254  # as the columns are
OTHER_DOMAIN = "@.*[^ -~]"


def in_ascii(address):
    """The address in its normal form; unchanged where no domain can look so."""
    local, _, domain = address.rpartition("@")
    labels = unicodedata.normalize("NFC", domain).split(".")
    if not all(each == "-" or unicodedata.category(each) in LETTERS_AND_DIGITS for label in labels for each in label):
        return address
    coded = (each if each.isascii() else f"xn--{each.encode('punycode').decode()}" for each in labels)
    converted = f"{local}@{'.'.join(coded)}"
    return converted if len(converted) <= LONGEST else address


def convert(apps, schema_editor):
    users, addresses = apps.get_model("accounts", "User").objects, apps.get_model("account", "EmailAddress").objects
    for user in users.filter(email__regex=OTHER_DOMAIN).order_by("pk"):
        if not users.filter(email=in_ascii(user.email)).exists():
            users.filter(pk=user.pk).update(email=in_ascii(user.email))
    for row in addresses.filter(email__regex=OTHER_DOMAIN).order_by("pk"):
        of_another = users.exclude(pk=row.user_id).filter(email=in_ascii(row.email))
        if not of_another.exists() and not addresses.filter(email=in_ascii(row.email)).exists():
            addresses.filter(pk=row.pk).update(email=in_ascii(row.email))
    invitations = apps.get_model("accounts", "Invitation").objects
    for row in invitations.filter(email__regex=OTHER_DOMAIN).order_by("pk"):
        rivals = invitations.filter(account_id=row.account_id, accepted_at=None, declined_at=None, revoked_at=None)
        if not rivals.filter(email=in_ascii(row.email)).exists():
            invitations.filter(pk=row.pk).update(email=in_ascii(row.email))
    changes = apps.get_model("accounts", "EmailChange").objects
    for row in changes.filter(new_email__regex=OTHER_DOMAIN):
        changes.filter(pk=row.pk).update(new_email=in_ascii(row.new_email))


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_sign_in_pauses"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]
    operations = [migrations.RunPython(convert, migrations.RunPython.noop)]
