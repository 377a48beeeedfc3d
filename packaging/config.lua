-- Settings of Meterkey. `meterkey serve --print-config` shows all of them; `systemctl restart meterkey` takes changes, no
-- connection is lost. The port is in meterkey.socket (`systemctl edit meterkey.socket`).
return {
  listen = "systemd",
  store = "sqlite:/var/lib/meterkey/meterkey.db",
  key = "/var/lib/meterkey/master.key",
  mail_folder = "/var/lib/meterkey/mail",

  -- What the world calls it; links in mails need it.
  -- url = "https://meters.example.org",
  -- Behind nginx or another proxy on this machine:
  -- trust_proxy = true,
  -- smtp = "smtps://mail.example.org", smtp_user = "meterkey", smtp_password_file = "/etc/meterkey/smtp-password",
  -- mail_from = "Helio Solar <meters@example.org>",
}
