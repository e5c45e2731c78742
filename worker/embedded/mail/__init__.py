"""The local mail server: takes mails as a real one does, keeps each as a file, and shows them on a page."""
