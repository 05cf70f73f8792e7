module inquest.invalid/layouts

go 1.18
