# Installation below $(DESTDIR)$(PREFIX).

INSTALL := install
.PHONY: install uninstall
install: all
	$(INSTALL) -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(DATADIR)
	$(INSTALL) -m 755 $(BUILD)/meterkey $(DESTDIR)$(PREFIX)/bin/meterkey
	@sh tools/install.sh "$(DESTDIR)$(PREFIX)" "$(DESTDIR)$(DATADIR)" $(BUILD)

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/meterkey $(DESTDIR)$(PREFIX)/share/man/man1/meterkey.1
	rm -f $(DESTDIR)$(PREFIX)/share/bash-completion/completions/meterkey
	rm -f $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_meterkey
	rm -rf $(DESTDIR)$(DATADIR)
