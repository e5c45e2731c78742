"""A headless Chromium to look at mails and pages with."""

from worker.browser.page import Browser, BrowserError
from worker.browser.process import INSTALL, browser, find_browser

__all__ = ["INSTALL", "Browser", "BrowserError", "browser", "find_browser"]
