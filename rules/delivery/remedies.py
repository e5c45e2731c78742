"""The operator's next step for each kind of trouble, in plain words."""

from typing import Final

REMEDIES: Final = {
    "smtp_auth_off": (
        "SMTP AUTH is switched off for the tenant or the mailbox. In Exchange Online PowerShell: "
        "Set-CASMailbox -Identity <mailbox> -SmtpClientAuthenticationDisabled $false (it overrides the tenant). "
        "Or go around SMTP AUTH: MAIL_TRANSPORT=graph, or High Volume Email (smtp.hve.mx.microsoft:587)."
    ),
    "login_policy": (
        "The login was stopped by Conditional Access (it may depend on this server's address), by security defaults "
        "or by an authentication policy. Exempt the mailbox, or use OAuth: SMTP_AUTH=xoauth2, or MAIL_TRANSPORT=graph."
    ),
    "basic_retired": "Passwords are retired here. Use OAuth: SMTP_AUTH=xoauth2, or MAIL_TRANSPORT=graph.",
    "password": (
        "The login was refused: check SMTP_USERNAME and SMTP_PASSWORD (or the token's application and its rights). "
        "An account with two-step verification needs an app password."
    ),
    "app_password": (
        "Google wants an app password or OAuth: make one at myaccount.google.com/apppasswords and set "
        "SMTP_PASSWORD, or use SMTP_AUTH=xoauth2."
    ),
    "login_refused": "The server refused the login: check SMTP_USERNAME, SMTP_PASSWORD and SMTP_AUTH.",
    "not_authenticated": (
        "The server takes no mail without a login: set SMTP_USERNAME and SMTP_PASSWORD (or SMTP_AUTH=xoauth2)."
    ),
    "wants_tls": "The server wants TLS first: set SMTP_USE_TLS=true.",
    "client_secret": "The client secret is wrong: copy the secret's value, not its id, into OAUTH_CLIENT_SECRET.",
    "client_secret_expired": (
        "The client secret has expired: make a new one at the app registration and set OAUTH_CLIENT_SECRET."
    ),
    "application": "The application is not known in this tenant: check OAUTH_CLIENT_ID and OAUTH_TENANT.",
    "token": "No token was given: check OAUTH_TENANT, OAUTH_CLIENT_ID, the secret or certificate, and admin consent.",
    "certificate": (
        "The server's certificate does not verify. If it is your own authority's, set SMTP_CA_FILE to its PEM file; "
        "SMTP_SERVER must be a name in the certificate. Mail is never sent without a verified certificate."
    ),
    "certificate_form": (
        "The server's certificate, or that of its authority, lacks what RFC 5280 asks for (see the reply), and Python "
        "3.13 and newer refuse it, whatever SMTP_CA_FILE says. Issue both again: the authority with "
        "basicConstraints=critical,CA:TRUE, keyUsage=critical,keyCertSign and subjectKeyIdentifier=hash, the "
        "server's with authorityKeyIdentifier=keyid and subjectAltName. What is there shows: "
        "openssl x509 -noout -text -in FILE"
    ),
    "not_tls": (
        "The server does not speak TLS on this port: 587 is for SMTP_USE_TLS=true (STARTTLS), "
        "465 for SMTP_USE_SSL=true."
    ),
    "no_starttls": (
        "The server does not offer STARTTLS and mail is never sent in plain text instead. Check SMTP_SERVER and "
        "SMTP_PORT (587), use SMTP_USE_SSL=true for port 465, or SMTP_USE_TLS=false for a local relay."
    ),
    "no_auth": (
        "The server offers no way to log in that fits: check SMTP_PORT and TLS (many offer AUTH only after it), "
        "SMTP_AUTH, or leave SMTP_USERNAME empty for a relay that needs no login."
    ),
    "ehlo_name": (
        "The server does not like the name that this side introduces itself with: set SMTP_EHLO_NAME to a full host "
        "name that DNS knows, such as worker.example.com (a container's own name has no dot)."
    ),
    "relay": (
        "The server does not relay for us (see the reply): it may want a login (SMTP_USERNAME, SMTP_PASSWORD), this "
        "machine's address among those that may relay, or FROM_EMAIL to be an address of its own."
    ),
    "unverified": (
        "The provider has not verified the sender: verify FROM_EMAIL or its domain there. In Amazon SES' sandbox "
        "recipients have to be verified too; ask for production access."
    ),
    "sender": (
        "The server refuses the sender at MAIL FROM (see the reply): FROM_EMAIL must be an address that this login may "
        "send from."
    ),
    "same_refusal": (
        "Two mails in a row were refused in the same words, so it may be the account and not the mails: see the reply. "
        "Mail goes out one at a time until one is accepted; then what was refused meanwhile is sent again."
    ),
    "send_as": "FROM_EMAIL must be the mailbox that logs in, or that mailbox needs the right Send As for it.",
    "sender_throttled": (
        "The server throttles this sender because of errors that went on and on: fix their cause first and wait; "
        "trying again prolongs it."
    ),
    "sent_items_full": "The sender's own mailbox is full, so its Sent Items cannot be kept: make room there.",
    "blocked": (
        "The account, tenant, connector or this server's address is blocked from sending: see the reply, "
        "and the provider's page for lifting it."
    ),
    "account": "The server refuses this account or sender: see the reply, fix it, then: python -m worker mail probe",
    "connections": "Too many connections at once: lower MAIL_CONNECTIONS if this comes often.",
    "rate": "The account sends too fast: lower MAIL_PER_MINUTE if this comes often.",
    "quota": "The account's quota is used up; sending goes on when the provider allows it again.",
    "no_smtputf8": "The address needs SMTPUTF8 (RFC 6531), which the mail server does not offer.",
    "bad_address": "This is no mail address: correct it in SUPPORT_EMAIL or in the contacts.",
    "bad_sender": "FROM_EMAIL (or SMTP_USERNAME) cannot be the sender at this server: set a plain mail address.",
    "recipient": "The server knows no such recipient, or will never take mail for it: correct the address.",
    "this_one": (
        "The server takes mail for the others but not for this recipient: see the reply (to relay it may want a "
        "login), fix that or the address, then: python -m worker mail retry --state refused"
    ),
    "not_allowed": "The recipient takes no mail from this sender: let its owner allow FROM_EMAIL.",
    "too_large": "The message is larger than the server takes; a short version without attachments is sent instead.",
    "message": "The server refuses this message: see the reply. A short version is tried once.",
    "not_composed": "The mail could not be put together, see the worker's log; a short version is tried once.",
    "unknown": (
        "The connection ended after the message and before the reply, so it may have arrived. "
        "It is sent once more with the same Message-ID."
    ),
    "unreachable": (
        "The server cannot be reached: check SMTP_SERVER and SMTP_PORT (with OAuth or Graph the way to the provider "
        "by HTTPS), the network and the firewall."
    ),
    "folder": "MAIL_FILE_DIR cannot be written: check that it exists, its owner and the space on its disk.",
    "graph_access": (
        "Microsoft Graph refuses access: the application needs the application permission Mail.Send with admin "
        "consent, and the mailbox must exist (GRAPH_MAILBOX) and be within its access policy."
    ),
}
