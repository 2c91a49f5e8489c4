-- Reports that follow one another keep nobody longer than the first one did.

-- Who asked to be removed while a report kept what is known of them: the latest day, as it was shown to them.
ALTER TABLE member ADD COLUMN gone_by timestamptz;
